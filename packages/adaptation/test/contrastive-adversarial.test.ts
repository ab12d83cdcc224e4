import { type Inputs, namedVariables, type Trainable } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import { adam, sgd } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/train';
import { coral, gaussianKernel, infoNce, mmd } from '@crossmodal/losses';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, it } from 'vitest';
import {
  type CrossDomainBatch,
  contrastiveAdversarial,
  contrastiveDiscrepancy,
  type EmbeddingModel,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { seededMatrix } from './synthetic.js';

useTestBackend('cpu');

type Pair = 'image' | 'text';
type Extras = Record<never, never>;

/** Two linear maps into four dimensions: the least that exposes embeddings. */
function linearPair(seed: number, columns = 6): EmbeddingModel<Pair, Extras> {
  const weights = {
    image: tf.variable(tf.mul(seededMatrix(columns, 4, seed), 0.3) as Tensor2D),
    text: tf.variable(seededMatrix(5, 4, seed + 1)),
  };
  const embed = (modality: Pair, { features }: Inputs): Tensor2D =>
    l2Normalize(tf.matMul(features as Tensor2D, weights[modality] as unknown as Tensor2D));
  return {
    modalities: ['image', 'text'],
    dimension: 4,
    embed,
    embedBatch: ({ image, text }) => ({
      ...(image ? { image: embed('image', image) } : {}),
      ...(text ? { text: embed('text', text) } : {}),
    }),
    contrast: ({ image, text }) => {
      const loss = infoNce(image as Tensor2D, text as Tensor2D, { temperature: 0.2 });
      return { loss, 'image-text': loss };
    },
    trainableVariables: () => Object.values(weights),
    namedVariables: () => ({ ...weights }),
  };
}

const inputs = (rows: number, columns: number, seed: number): Inputs => ({
  features: seededMatrix(rows, columns, seed),
});
const batchOf = (seed: number): CrossDomainBatch<Pair, Extras> => ({
  source: { image: inputs(6, 6, seed), text: inputs(6, 5, seed + 1) },
  target: { image: inputs(9, 6, seed + 2) },
});

/**
 * How often the text of an unseen target picture is found. A picture is a linear image of its text, with noise; in the target all pictures
 * carry the same strong offset.
 */
function recallBehindOffset(
  seed: number,
  join: (model: EmbeddingModel<Pair, Extras>) => Trainable<CrossDomainBatch<Pair, Extras>>,
): number {
  const map = seededMatrix(5, 12, 77);
  const offset = tf.mul(seededMatrix(1, 12, 78), 2);
  const sample = (domain: 'source' | 'target', rows: number, drawn: number) => {
    const text = seededMatrix(rows, 5, drawn);
    const clean = tf.add(tf.matMul(text, map), tf.mul(seededMatrix(rows, 12, drawn + 1), 0.3));
    return { image: { features: domain === 'source' ? clean : tf.add(clean, offset) }, text: { features: text } };
  };
  const model = linearPair(seed, 12);
  const step = trainStep(join(model), { optimizer: adam({ learningRate: 3e-2 }) });
  const { image } = sample('target', 128, 40);
  const batch = { source: sample('source', 128, 50), target: { image } };
  for (let i = 0; i < 200; i++) tf.dispose(step.run(batch));
  const unseen = sample('target', 100, 60);
  const similarities = tf.matMul(model.embed('image', unseen.image), model.embed('text', unseen.text), false, true);
  const found = tf.equal(tf.argMax(similarities, 1), tf.range(0, 100, 1, 'int32'));
  return tf.mean(tf.cast(found, 'float32')).dataSync()[0] as number;
}

describe('contrastiveAdversarial', () => {
  it('adds the domain loss to the contrastive one and reports both', () => {
    const model = linearPair(1);
    const joint = contrastiveAdversarial({ model, seed: 2, lambda: 0.5, adapted: ['image'] });
    const batch = batchOf(3);
    const terms = joint.loss(batch, { training: true });
    expect(Object.keys(terms).sort()).toEqual([
      'contrastive',
      'domain/image',
      'domainAccuracy/image',
      'image-text',
      'loss',
    ]);
    expect(terms.loss).toBeAllclose(tf.add(terms['contrastive'] as Scalar, terms['domain/image'] as Scalar));
    const [a, b] = [
      model.embed('image', batch.source.image as Inputs),
      model.embed('text', batch.source.text as Inputs),
    ];
    expect(terms['contrastive'] as Scalar).toBeAllclose(infoNce(a, b, { temperature: 0.2 }));
    // By hand: two layers, cross entropy of source 0 and target 1, mean over all 15 rows.
    const named = joint.namedVariables();
    const get = (name: string) => named[`domain/image/${name}`] as unknown as Tensor2D;
    const rows = tf.concat([a, model.embed('image', batch.target.image as Inputs)], 0);
    const logits = tf.add(
      tf.matMul(tf.relu(tf.add(tf.matMul(rows, get('0/kernel')), get('0/bias'))), get('1/kernel')),
      get('1/bias'),
    );
    const labels = tf.oneHot(tf.tensor1d([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1], 'int32'), 2);
    expect(terms['domain/image'] as Scalar).toBeAllclose(tf.losses.softmaxCrossEntropy(labels, logits), { rtol: 1e-5 });
  });

  it('gives embeddings the contrastive gradient minus lambda times the domain gradient', () => {
    const model = linearPair(1);
    const batch = batchOf(3);
    const variable = model.trainableVariables()[0] as tf.Variable;
    const gradient = (lambda: number, term: 'loss' | 'contrastive') => {
      const joint = contrastiveAdversarial({ model, seed: 2, lambda, adapted: ['image'] });
      const { grads } = tf.variableGrads(() => joint.loss(batch)[term] as Scalar, [variable]);
      joint.dispose();
      return grads[variable.name] as tf.Tensor;
    };
    const contrastive = gradient(1, 'contrastive');
    expect(gradient(0, 'loss')).toBeAllclose(contrastive);
    const domain = tf.sub(contrastive, gradient(1, 'loss'));
    expect(tf.max(tf.abs(domain)).dataSync()[0]).toBeGreaterThan(1e-3);
    expect(gradient(2, 'loss')).toBeAllclose(tf.sub(contrastive, tf.mul(domain, 2)), { atol: 1e-5 });
  });

  it('makes target pictures find their texts, which they do not without', () => {
    const targetRecall = (lambda: number, seed: number) =>
      recallBehindOffset(seed, (model) =>
        contrastiveAdversarial({ model, seed, lambda, adapted: ['image'], hidden: [32] }),
      );
    for (const seed of [5, 6, 7]) {
      expect(targetRecall(0, seed)).toBeLessThan(0.2);
      expect(targetRecall(1, seed)).toBeGreaterThan(0.4);
    }
  });

  it('refuses unknown and missing modalities, and leaks nothing', async () => {
    const model = linearPair(1);
    const options = { model, seed: 2, lambda: 1 };
    expect(() => contrastiveAdversarial({ ...options, adapted: [] })).toThrow(
      'must name modalities of the model (image, text), got []',
    );
    expect(() => contrastiveAdversarial({ ...options, adapted: ['sound' as Pair] })).toThrow('got [sound]');
    const joint = contrastiveAdversarial(options);
    expect(() => joint.loss(batchOf(3))).toThrow("'text' is adapted, but the target lacks it");
    const incomplete = batchOf(3);
    await expectNoLeakWhenThrowing(() => joint.loss(incomplete), "contrastiveAdversarial.loss: 'text' is adapted, bu");
    const image = contrastiveAdversarial({ ...options, adapted: ['image'] });
    await expectNoLeak(() => image.loss(incomplete, { training: true }));
    await expectNoLeak(() => contrastiveAdversarial(options).dispose());
    await expectNoLeakWhenThrowing(
      () => void contrastiveAdversarial({ ...options, hidden: [0] }),
      'contrastiveAdversarial: each layer size must be an integer of at least 1',
    );
  });
});

describe('moving statistics', () => {
  /** Embeddings are normalised batches: of six columns for both modalities. */
  function normalisedPair() {
    const tower = (seed: number) => {
      const input = tfl.input({ shape: [6] });
      const normal = tfl.layers.batchNormalization({ momentum: 0.5 }).apply(input) as tfl.SymbolicTensor;
      const kernelInitializer = tfl.initializers.glorotUniform({ seed });
      const output = tfl.layers.dense({ units: 4, kernelInitializer }).apply(normal) as tfl.SymbolicTensor;
      return tfl.model({ inputs: input, outputs: output });
    };
    const towers = { image: tower(1), text: tower(2) };
    const named = Object.entries(towers).flatMap(([modality, model]) =>
      Object.entries(namedVariables(model)).map(([name, variable]) => [`${modality}/${name}`, variable] as const),
    );
    const embed: EmbeddingModel<Pair, Extras>['embed'] = (modality, { features }, { training = false } = {}) =>
      l2Normalize(towers[modality].apply(features as Tensor2D, { training }) as Tensor2D);
    const pair = linearPair(1);
    return {
      ...pair,
      embed,
      embedBatch: ({ image, text }: { image?: Inputs; text?: Inputs }, options?: { training?: boolean }) => ({
        ...(image ? { image: embed('image', image, options) } : {}),
        ...(text ? { text: embed('text', text, options) } : {}),
      }),
      trainableVariables: () => named.map(([, variable]) => variable).filter(({ trainable }) => trainable),
      namedVariables: () => Object.fromEntries(named),
    } satisfies EmbeddingModel<Pair, Extras>;
  }
  const sameWidth = (): CrossDomainBatch<Pair, Extras> => ({
    source: { image: inputs(6, 6, 1), text: inputs(6, 6, 2) },
    target: { image: inputs(9, 6, 3) },
  });

  it.each([
    [
      'contrastiveAdversarial',
      (model: EmbeddingModel<Pair, Extras>) =>
        contrastiveAdversarial({ model, seed: 1, lambda: 1, adapted: ['image'] }),
    ],
    [
      'contrastiveDiscrepancy',
      (model: EmbeddingModel<Pair, Extras>) =>
        contrastiveDiscrepancy({ model, weight: 1, adapted: ['image'], distance: (a, b) => coral(a, b) }),
    ],
  ] as const)('of an adapted modality are those of the target, of another those of the source: %s', (_, join) => {
    const batch = sameWidth();
    for (const compile of [false, true]) {
      const model = normalisedPair();
      const step = trainStep(join(model) as Trainable<CrossDomainBatch<Pair, Extras>>, {
        optimizer: sgd({ learningRate: 0 }),
        compile,
      });
      tf.dispose(step.run(batch));
      const moving = (modality: Pair) =>
        Object.entries(model.namedVariables()).find(
          ([name]) => name.startsWith(modality) && name.endsWith('moving_mean'),
        )![1];
      const half = (rows: Inputs | undefined) => tf.mul(tf.mean(rows!['features'] as Tensor2D, 0), 0.5);
      expect(moving('image')).toBeAllclose(half(batch.target.image), { rtol: 1e-4, atol: 1e-5 });
      expect(moving('text')).toBeAllclose(half(batch.source.text), { rtol: 1e-4, atol: 1e-5 });
      step.dispose();
    }
  });

  it('outside of training they stay', () => {
    const model = normalisedPair();
    const joint = contrastiveAdversarial({ model, seed: 1, lambda: 1, adapted: ['image'] });
    const before = Object.values(model.namedVariables()).map((variable) => [...variable.dataSync()]);
    tf.dispose(joint.loss(sameWidth()));
    expect(Object.values(model.namedVariables()).map((variable) => [...variable.dataSync()])).toEqual(before);
  });
});

describe('contrastiveDiscrepancy', () => {
  const distances = { mmd: (a: Tensor2D, b: Tensor2D) => mmd(a, b), coral: (a: Tensor2D, b: Tensor2D) => coral(a, b) };

  it.each(Object.entries(distances))('adds the weighted distance of the embeddings: %s', (_, distance) => {
    const model = linearPair(1);
    const weight = (step: number) => 3 + step; // read at step 0
    const joint = contrastiveDiscrepancy({ model, distance, weight, adapted: ['image'] });
    const batch = batchOf(3);
    const terms = joint.loss(batch, { training: true });
    expect(Object.keys(terms).sort()).toEqual(['contrastive', 'distance/image', 'image-text', 'loss']);
    const of = (inputs: Inputs | undefined) => model.embed('image', inputs as Inputs);
    const apart = distance(of(batch.source.image), of(batch.target.image));
    const contrastive = infoNce(of(batch.source.image), model.embed('text', batch.source.text as Inputs), {
      temperature: 0.2,
    });
    expect(terms['distance/image'] as Scalar).toBeAllclose(apart);
    expect(terms.loss).toBeAllclose(tf.add(contrastive, tf.mul(3, apart)));
    expect(joint.namedVariables()).toEqual(model.namedVariables());
  });

  it('makes target pictures find their texts, which they do not without', () => {
    const kernel = gaussianKernel({ sigma: [0.5, 1] }); // a fixed width is cheaper than the median of the distances
    const recall = (weight: number, seed: number) =>
      recallBehindOffset(seed, (model) =>
        contrastiveDiscrepancy({ model, distance: (a, b) => mmd(a, b, { kernel }), weight, adapted: ['image'] }),
      );
    expect(recall(0, 5)).toBeLessThan(0.2);
    expect(recall(1, 5)).toBeGreaterThan(0.4);
  });

  it('refuses what it cannot use, and leaks nothing', async () => {
    const options = { model: linearPair(1), distance: distances.mmd, weight: 1 };
    expect(() => contrastiveDiscrepancy({ ...options, distance: 'mmd' as never })).toThrow(
      'distance must be a function',
    );
    expect(() => contrastiveDiscrepancy({ ...options, weight: Number.NaN })).toThrow('weight');
    expect(() => contrastiveDiscrepancy({ ...options, adapted: [] })).toThrow(
      'contrastiveDiscrepancy: adapted must name',
    );
    expect(() => contrastiveDiscrepancy({ ...options, weigth: 1 } as never)).toThrow("did you mean 'weight'?");
    const batch = batchOf(3);
    await expectNoLeakWhenThrowing(
      () => contrastiveDiscrepancy(options).loss(batch),
      "contrastiveDiscrepancy.loss: 'text' is adapted, but the target lacks it",
    );
    const image = contrastiveDiscrepancy({ ...options, adapted: ['image'] });
    await expectNoLeak(() => image.loss(batch, { training: true }));
  });
});
