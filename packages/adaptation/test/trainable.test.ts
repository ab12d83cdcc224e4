import type { Alternating, Trainable } from '@crossmodal/core';
import { dropoutLayer } from '@crossmodal/core/layers';
import { sgd } from '@crossmodal/core/optimisers';
import { alternatingStep, trainStep } from '@crossmodal/core/step';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type Adda,
  type AddaBatch,
  adda,
  cdan,
  type DomainAdapter,
  type DomainBatch,
  dan,
  dann,
  deepCoral,
  digitFeatures,
  mcc,
  minimumClassConfusion,
  sourceOnly,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { seededMatrix } from './synthetic.js';

useTestBackend();

/** An extractor whose training differs from its evaluation: batch statistics that move, and dropout. */
function statefulFeatures(seed: number): tfl.LayersModel {
  const input = tfl.input({ shape: [5] });
  const kernelInitializer = tfl.initializers.glorotUniform({ seed });
  const dense = tfl.layers.dense({ units: 8, kernelInitializer, name: 'hidden' }).apply(input);
  const normal = tfl.layers.batchNormalization({ momentum: 0.5, name: 'normal' }).apply(dense);
  return tfl.model({ inputs: input, outputs: dropoutLayer({ rate: 0.4, seed }).apply(normal) as tfl.SymbolicTensor });
}

const batch = (): DomainBatch => ({
  source: seededMatrix(6, 5, 1),
  labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32') as Tensor1D,
  target: seededMatrix(6, 5, 2),
});
const number = (x: Tensor | undefined) => x!.dataSync()[0] as number;
const statistics = (model: { namedVariables(): Record<string, tf.Variable> }) =>
  Object.entries(model.namedVariables())
    .filter(([name]) => name.includes('moving'))
    .flatMap(([, variable]) => [...variable.dataSync()]);
const common = () => ({ features: statefulFeatures(1), classes: 3, seed: 1, hidden: [8] });
const methods: [string, () => DomainAdapter][] = [
  ['sourceOnly', () => sourceOnly(common())],
  ['dann', () => dann({ ...common(), lambda: 1 })],
  ['cdan', () => cdan({ ...common(), lambda: 1 })],
  ['dan', () => dan(common())],
  ['deepCoral', () => deepCoral(common())],
  ['mcc', () => mcc(common())],
];

describe.each(methods)('%s', (name, build) => {
  it('evaluates unless it is told to train', () => {
    const loss = (options?: { training?: boolean }) => number(build().loss(batch(), options).loss);
    expect(loss()).toBe(loss({ training: false }));
    expect(loss({ training: true })).not.toBe(loss());
    const model = build();
    const before = statistics(model);
    tf.dispose([model.loss(batch()), model.features(seededMatrix(6, 5, 1)), model.classify(seededMatrix(6, 5, 1))]);
    expect(statistics(model)).toEqual(before);
    const step = trainStep(model, { optimizer: sgd({ learningRate: 0 }) });
    tf.dispose(step.run(batch()));
    expect(statistics(model)).not.toEqual(before);
    step.dispose();
  });

  it('reports what guessing costs, and whether its features are alive', () => {
    const terms = build().loss(batch()) as Record<string, Tensor>;
    expect(number(terms['chance/classification'])).toBeCloseTo(Math.log(3), 6);
    expect(number(terms['spread'])).toBeGreaterThan(0.01);
    const equal = { ...batch(), source: tf.ones([6, 5]) };
    expect(number((build().loss(equal) as Record<string, Tensor>)['spread'])).toBeCloseTo(0, 5);
  });

  it('refuses options that do not exist', () => {
    const make = { sourceOnly, dann, cdan, dan, deepCoral, mcc }[name] as (options: never) => unknown;
    expect(() => make({ ...common(), lambda: 1, clases: 3 } as never)).toThrow(/there is no option '(clases|lambda)'/);
  });
});

it('by default each domain is normalised by its own statistics, so that a shift of all its features is gone', () => {
  const shifted = { ...batch(), target: tf.add(seededMatrix(6, 5, 1), 3) as tf.Tensor2D };
  const distance = (joint?: boolean) => {
    const input = tfl.input({ shape: [5] });
    const normal = tfl.layers.batchNormalization({ name: 'normal' }).apply(input) as tfl.SymbolicTensor;
    const features = tfl.model({ inputs: input, outputs: normal });
    const model = dan({ features, classes: 3, seed: 1, ...(joint === undefined ? {} : { joint }) });
    return number(model.loss(shifted, { training: true })['distance']);
  };
  expect(distance()).toBeCloseTo(0, 4);
  expect(distance(false)).toBe(distance());
  expect(distance(true)).toBeGreaterThan(0.5);
});

it('after training the moving statistics are those of the target, compiled or not', () => {
  const moving = (compile: boolean) => {
    const input = tfl.input({ shape: [5] });
    const normal = tfl.layers.batchNormalization({ momentum: 0.5, name: 'normal' }).apply(input) as tfl.SymbolicTensor;
    const model = mcc({ features: tfl.model({ inputs: input, outputs: normal }), classes: 3, seed: 1 });
    const step = trainStep(model, { optimizer: sgd({ learningRate: 0 }), compile });
    for (let i = 0; i < 2; i++) tf.dispose(step.run({ ...batch(), target: tf.add(batch().target as tf.Tensor, i) }));
    return model.namedVariables()['features/normal/moving_mean'] as tf.Variable;
  };
  // 0.5 (0.5 0 + 0.5 m) + 0.5 (m + 1), m the mean of the target.
  const expected = tf.add(tf.mul(tf.mean(batch().target as tf.Tensor, 0), 0.75), 0.5);
  for (const compile of [false, true]) expect(moving(compile)).toBeAllclose(expected, { rtol: 1e-4, atol: 1e-5 });
});

it('adds the confusion of the target to any method', () => {
  const features = () => statefulFeatures(1);
  const plain = dann({ ...common(), features: features(), lambda: 1, confusion: 0 }).loss(batch());
  const model = dann({ ...common(), features: features(), lambda: 1, confusion: () => 0.5 });
  const terms = model.loss(batch());
  const confusion = number(minimumClassConfusion(model.classify(batch().target as tf.Tensor)));
  expect(number(terms['confusion'])).toBeCloseTo(confusion, 5);
  expect(number(terms.loss)).toBeCloseTo(number(plain.loss) + 0.5 * confusion, 5);
  expect('confusion' in plain).toBe(false);
  expect(() => dann({ ...common(), lambda: 1, confusion: -1 })).toThrow('confusion must be a number of at least 0');
  expect(() => sourceOnly({ ...common(), confusion: 1 } as never)).toThrow("there is no option 'confusion'");
});

describe('digitFeatures', () => {
  it('normalises between convolution and ReLU unless asked not to', () => {
    const plain = digitFeatures({ seed: 1, filters: [4, 6], normalisation: 'none' });
    const normal = digitFeatures({ seed: 1, filters: [4, 6] });
    const kinds = (model: tfl.LayersModel) => model.layers.map((layer) => layer.getClassName());
    expect(kinds(plain).filter((kind) => kind === 'BatchNormalization')).toEqual([]);
    expect(kinds(normal).slice(1, 4)).toEqual(['Conv2D', 'BatchNormalization', 'ReLU']);
    expect(normal.outputs[0]?.shape).toEqual(plain.outputs[0]?.shape);
    expect(() => digitFeatures({ seed: 1, normalisation: 'layer' as never })).toThrow(
      'must be none or batch, got layer',
    );
  });
});

describe('adda', () => {
  const build = (): Adda => {
    const sourceFeatures = statefulFeatures(1);
    const source = sourceOnly({ ...common(), features: sourceFeatures });
    return adda({ source, sourceFeatures, targetFeatures: statefulFeatures(2), seed: 1, hidden: [8] });
  };
  const both = (): AddaBatch => ({ source: seededMatrix(6, 5, 1), target: seededMatrix(6, 5, 2) });

  it.each(['discriminator', 'encoder'] as const)('evaluates unless it is told to train: %s', (name) => {
    const loss = (options?: { training?: boolean }) => number(build().objectives[name].loss(both(), options).loss);
    expect(loss()).toBe(loss({ training: false }));
    expect(loss({ training: true })).not.toBe(loss());
  });

  it('trains by a step of its objectives, with their types', () => {
    const model = build();
    const before = statistics(model);
    const objective = () => ({ optimizer: sgd({ learningRate: 0.1 }) });
    const step = alternatingStep(model, { objectives: { discriminator: objective(), encoder: objective() } });
    expectTypeOf(step.run).parameter(0).toEqualTypeOf<AddaBatch>();
    const metrics = step.run(both());
    expect(Object.keys(metrics).sort()).toEqual([
      'discriminator/domainAccuracy',
      'discriminator/loss',
      'encoder/loss',
      'encoder/spread',
    ]);
    expect(statistics(model)).not.toEqual(before);
    step.dispose();
  });
});

it('models are what the steps take', () => {
  expectTypeOf<DomainAdapter>().toExtend<Trainable<DomainBatch>>();
  expectTypeOf<Adda>().toExtend<Alternating<AddaBatch>>();
});

it('a missing seed is refused', () => {
  expect(() => digitFeatures({} as never)).toThrow('digitFeatures: seed must be an integer, got undefined');
  expect(() => sourceOnly({ features: statefulFeatures(1), classes: 3 } as never)).toThrow('got undefined');
});
