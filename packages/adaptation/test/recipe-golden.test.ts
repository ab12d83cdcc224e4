import { adam } from '@crossmodal/core/optimisers';
import { dannAnnealing } from '@crossmodal/core/schedules';
import { type Metrics, trainStep } from '@crossmodal/core/step';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type DomainBatch, dan, dann, digitFeatures, mcc } from '../src/index.js';
import { useTestBackend } from './backend.js';
import golden from './golden/recipe.json' with { type: 'json' };

useTestBackend('cpu');

const { steps, batch: rows, filters, hidden, classes, seed } = golden;
const side = 28;

/** The formula of the golden file. */
function u(count: number, s: number): number[] {
  return Array.from({ length: count }, (_, k) => {
    const v = 43758.5453 * Math.sin(12.9898 * (k + 1) + 78.233 * s);
    return v - Math.floor(v);
  });
}

const kernels = [
  'features/conv2d/kernel',
  'features/conv2d_1/kernel',
  'label/0/kernel',
  'label/1/kernel',
  'domain/0/kernel',
  'domain/1/kernel',
];

/** Bright squares whose place is the class, on a noisy ground; the target is inverted. */
function pictures(step: number, domain: 0 | 1): { x: Tensor4D; labels: number[] } {
  const labels = Array.from({ length: rows }, (_, i) => (3 * i + step) % classes);
  const values = u(rows * side * side * 3, 1000 + 2 * step + domain).map((value) => 0.3 * value);
  labels.forEach((label, i) => {
    const [top, left] = [3 + 12 * Math.floor(label / 5), 1 + 5 * (label % 5)];
    for (let y = top; y < top + 8; y++)
      for (let x = left; x < left + 5; x++)
        for (let c = 0; c < 3; c++) values[((i * side + y) * side + x) * 3 + c]! += 0.7;
  });
  const shown = values.map((value) => 2 * (domain === 1 ? 0.9 - 0.8 * value : value) - 1);
  return { x: tf.tensor4d(shown, [rows, side, side, 3]), labels };
}

const methods = { dann, dan, mcc };

describe.each(golden.cases)('the recipe, $method', (expected) => {
  it('has the curves of PyTorch: same weights, data order and schedule', () => {
    const features = digitFeatures({ seed: 1, filters: filters as [number, number], normalisation: 'batch' });
    const schedule = dannAnnealing({ steps });
    const common = { features, classes, seed: 1, hidden: [hidden] };
    const model =
      expected.method === 'dann'
        ? dann({ ...common, lambda: schedule, domainHidden: [hidden], confusion: schedule })
        : methods[expected.method as 'dan' | 'mcc']({ ...common, weight: schedule });
    const variables = model.namedVariables();
    kernels.forEach((name, j) => {
      const variable = variables[name];
      if (!variable) return;
      const fanIn = variable.size / (variable.shape.at(-1) as number);
      const values = u(variable.size, seed + j).map((value) => (2 * value - 1) / Math.sqrt(fanIn));
      variable.assign(tf.tensor(values, variable.shape));
    });
    const step = trainStep<DomainBatch>(model, { optimizer: adam({ learningRate: 1e-3, beta1: 0.5 }) });
    const history: Metrics[] = [];
    for (let i = 0; i < steps; i++) {
      const [source, target] = [pictures(i, 0), pictures(i, 1)];
      history.push(step.run({ source: source.x, labels: tf.tensor1d(source.labels, 'int32'), target: target.x }));
    }
    const curve = (name: string) => history.map((metrics) => metrics[name]?.dataSync()[0] as number);
    expect(curve('classification')).toBeAllclose(expected.classification, { rtol: 2e-3 });
    expect(curve('domain')).toBeAllclose(expected.domain, { rtol: 2e-3, atol: 1e-4 });
    for (const name of kernels) {
      const norm = (expected.norms as Record<string, number | undefined>)[name];
      if (norm !== undefined) expect(tf.norm(variables[name] as Tensor), name).toBeAllclose(norm, { rtol: 1e-3 });
    }
    // The biases before a normalisation have no gradient but rounding, which Adam makes steps of: the moving means follow them, and
    // what they change is subtracted again. The variances do not see them.
    const variances = Object.entries(variables).filter(([name]) => name.includes('moving_variance'));
    expect(variances).toHaveLength(2);
    variances.forEach(([name, variable], layer) => {
      expect(tf.norm(variable), name).toBeAllclose(expected.moving[layer]![1]!, { rtol: 2e-3 });
    });
    step.dispose();
    model.dispose();
  });
});
