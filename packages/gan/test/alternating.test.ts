import { type Alternating, Random, randomNormal } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { dropoutLayer } from '@crossmodal/core/layers';
import { sgd } from '@crossmodal/core/optimisers';
import { alternatingStep } from '@crossmodal/core/step';
import { fit } from '@crossmodal/core/train';
import { matchingAwareGradientPenalty } from '@crossmodal/losses';
import { expectNoLeak } from '@crossmodal/testkit';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type ConditionalGan,
  type ConditionalGanBatch,
  conditionalGan,
  denseDiscriminator,
  type EmbeddingGan,
  type EmbeddingGanBatch,
  embeddingGan,
  type Gan,
  type GanBatch,
  gan,
  ganStep,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

/** A generator whose training differs from its evaluation: batch statistics that move, and dropout. */
function statefulGenerator({ conditionDimension = 0, noiseWeight = 1 } = {}): tfl.LayersModel {
  const initializer = (seed: number) => tfl.initializers.glorotUniform({ seed });
  const noise = tfl.input({ shape: [3] });
  const condition = tfl.input({ shape: [conditionDimension || 1] });
  const weighed = tfl.layers
    .dense({ units: 3, useBias: false, kernelInitializer: tfl.initializers.identity({ gain: noiseWeight }) })
    .apply(noise) as tfl.SymbolicTensor;
  const input = conditionDimension ? tfl.layers.concatenate().apply([weighed, condition]) : weighed;
  let x = tfl.layers.dense({ units: 8, kernelInitializer: initializer(1) }).apply(input);
  x = tfl.layers.batchNormalization({ momentum: 0.5 }).apply(x);
  x = dropoutLayer({ rate: 0.4, seed: 1 }).apply(x);
  const output = tfl.layers.dense({ units: 2, kernelInitializer: initializer(2) }).apply(x) as tfl.SymbolicTensor;
  return tfl.model({ inputs: conditionDimension ? [noise, condition] : noise, outputs: output });
}

const discriminator = (conditionDimension = 0) =>
  denseDiscriminator({ inputDimension: 2, conditionDimension, hidden: [8], spectral: false, seed: 1 });
const plain = () => gan({ generator: statefulGenerator(), discriminator: discriminator(), seed: 1 });
const conditional = (noiseWeight = 1) =>
  conditionalGan({
    conditionDimension: 2,
    latentDimension: 3,
    generator: statefulGenerator({ conditionDimension: 2, noiseWeight }),
    discriminator: discriminator(2),
    seed: 1,
  });
const matrix = (rows: number, columns: number, seed: number) =>
  randomNormal<Tensor2D>([rows, columns], { random: new Random(seed) });
const number = (x: Tensor | undefined) => x!.dataSync()[0] as number;
const statistics = (model: { namedVariables(): Record<string, tf.Variable> }) =>
  Object.entries(model.namedVariables())
    .filter(([name]) => name.includes('moving'))
    .flatMap(([, variable]) => [...variable.dataSync()]);

describe.each<[string, () => Alternating<never, 'discriminator' | 'generator'>, () => object]>([
  ['gan', plain, () => ({ real: matrix(6, 2, 1) })],
  ['conditionalGan', conditional, () => ({ real: matrix(6, 2, 1), condition: matrix(6, 2, 2) })],
])('the training option of %s', (_, build, batchOf) => {
  it.each(['discriminator', 'generator'] as const)('is false unless it is set: %s', (name) => {
    const loss = (options?: { training?: boolean }) =>
      number(build().objectives[name].loss(batchOf() as never, options).loss);
    expect(loss()).toBe(loss({ training: false }));
    expect(loss({ training: true })).not.toBe(loss());
    const model = build();
    const before = statistics(model);
    tf.dispose(model.objectives[name].loss(batchOf() as never));
    expect(statistics(model)).toEqual(before);
    tf.dispose(model.objectives[name].loss(batchOf() as never, { training: true }));
    expect(statistics(model)).not.toEqual(before);
  });
});

describe('steps of GANs', () => {
  it('are told their types by the model', () => {
    expectTypeOf<Gan>().toExtend<Alternating<GanBatch, 'discriminator' | 'generator'>>();
    expectTypeOf<ConditionalGan>().toExtend<Alternating<ConditionalGanBatch, 'discriminator' | 'generator'>>();
    expectTypeOf<EmbeddingGan>().toExtend<Alternating<EmbeddingGanBatch, 'discriminator' | 'generator'>>();
    const step = () => ganStep(conditional());
    expectTypeOf(step).returns.toHaveProperty('run').parameter(0).toEqualTypeOf<ConditionalGanBatch>();
  });

  it('with alternatingStep: optimisers and transforms of one own', () => {
    const model = plain();
    const objective = () => ({ optimizer: sgd({ learningRate: 0.01 }) });
    const step = alternatingStep(model, { objectives: { generator: objective(), discriminator: objective() } });
    const metrics = step.run({ real: matrix(6, 2, 1) });
    expect(Object.keys(metrics).sort()).toEqual([
      'discriminator/generated',
      'discriminator/loss',
      'discriminator/real',
      'generator/diversity',
      'generator/loss',
    ]);
    step.dispose();
  });

  it('refuse options that do not exist', () => {
    expect(() => ganStep(plain(), { generatorrate: 1 } as never)).toThrow("did you mean 'generatorRate'?");
    expect(() => gan({ generater: 1 } as never)).toThrow("did you mean 'generator'?");
    expect(() => embeddingGan({ dimensionA: 2, dimensionB: 2, pairweight: 1 } as never)).toThrow("'pairWeight'?");
  });
});

describe('the penalty of the discriminator', () => {
  const penalised = () =>
    conditionalGan({
      ...{ conditionDimension: 2, latentDimension: 3, generator: statefulGenerator({ conditionDimension: 2 }) },
      ...{ discriminator: discriminator(2), gradientPenalty: { kind: 'r1', weight: 5 }, seed: 1 },
    });
  const batch = () => ({ real: matrix(6, 2, 1), condition: matrix(6, 2, 2) });

  it('is multiplied by `regularisation`, and left out at 0', () => {
    const terms = (regularisation?: number) =>
      penalised().objectives.discriminator.loss(batch(), { regularisation } as object);
    const [once, lazy, never] = [terms(), terms(16), terms(0)];
    expect(number(once['penalty'])).toBeGreaterThan(0);
    expect(number(lazy['penalty'])).toBeCloseTo(number(once['penalty']), 5);
    expect(never['penalty']).toBeUndefined();
    expect(number(once.loss) - number(never.loss)).toBeCloseTo(number(once['penalty']), 4);
    expect(number(lazy.loss) - number(never.loss)).toBeCloseTo(16 * number(once['penalty']), 3);
    for (const wrong of [-1, Number.NaN]) expect(() => terms(wrong)).toThrow('regularisation must be a factor');
  });

  it("that knows the condition holds both, for 'matching-aware'; a GAN without conditions refuses it", async () => {
    const gradientPenalty = { kind: 'matching-aware' } as const;
    const model = conditionalGan({
      ...{ conditionDimension: 2, latentDimension: 3, generator: statefulGenerator({ conditionDimension: 2 }) },
      ...{ discriminator: discriminator(2), gradientPenalty, normalizeCondition: false, seed: 1 },
    });
    const own = batch();
    const { penalty } = model.objectives.discriminator.loss(own);
    const critic = (x: Tensor, c: Tensor) => model.score(x, c as Tensor2D) as Tensor;
    expect(number(penalty)).toBeCloseTo(2 * number(matchingAwareGradientPenalty(critic, own.real, own.condition)), 4);
    await expectNoLeak(() => model.objectives.discriminator.loss(own, { training: true }));
    expect(() => gan({ generator: statefulGenerator(), discriminator: discriminator(), gradientPenalty })).toThrow(
      "gan: the gradientPenalty 'matching-aware' needs conditions; use",
    );
  });

  it('is computed in every so many-th step of ganStep, the first among them', async () => {
    const step = ganStep(penalised(), { penaltyEvery: 2 });
    const { records } = await fit(step, tensorDataset(batch(), { batchSize: 6 }), { steps: 5, progress: false });
    expect(records.map(({ metrics }) => 'discriminator/penalty' in metrics)).toEqual([true, false, true, false, true]);
    step.dispose();
    expect(() => ganStep(penalised(), { penaltyEvery: 0 })).toThrow('regulariseEvery must be');
  });
});

describe('diversity', () => {
  it('is 0 of a generator that ignores its noise, and not of one that does not', () => {
    const batch = { real: matrix(16, 2, 1), condition: matrix(16, 2, 2) };
    const diversity = (noiseWeight: number) =>
      number(conditional(noiseWeight).objectives.generator.loss(batch, { training: true })['diversity']);
    expect(diversity(0)).toBeCloseTo(0, 6);
    expect(diversity(1)).toBeGreaterThan(0.1);
  });

  it('changes nothing of the loss, and leaks nothing', async () => {
    const model = conditional();
    const batch = { real: matrix(6, 2, 1), condition: matrix(6, 2, 2) };
    await expectNoLeak(() => model.objectives.generator.loss(batch, { training: true }));
  });
});

it('the embedding GAN says when all is mapped to one point', () => {
  const model = embeddingGan({ dimensionA: 3, dimensionB: 4, seed: 1 });
  const b = matrix(8, 4, 2);
  const spread = (a: Tensor2D) => number(model.objectives.generator.loss({ a, b })['spread']);
  expect(spread(tf.ones([8, 3]))).toBeCloseTo(0, 5);
  expect(spread(matrix(8, 3, 1))).toBeGreaterThan(0.1);
});
