import { assertKnownOptions, CrossmodalError, type Encoder, labelCodes, requireInteger } from '@crossmodal/core';
import { adamW } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import { type Dataset, type Step, tensorDataset, trainStep } from '@crossmodal/core/step';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { DualEncoderBatch } from '../dual-encoder/batch.js';
import { dualEncoder } from '../dual-encoder/dual-encoder.js';
import type { PairLoss } from '../dual-encoder/pair-loss.js';
import { checkPairs } from '../linear/check-pairs.js';
import { type AffineMap, type LinearAlignment, linearAlignment } from '../linear/linear-alignment.js';

export interface ContrastiveProjectionsOptions {
  /** Length of the vectors of the shared space. */
  dimension: number;
  seed: number;
  /** @default 50 */
  epochs?: number;
  /** @default 128 */
  batchSize?: number;
  /** @default 1e-2 */
  learningRate?: number;
  /** @default 0.01 */
  weightDecay?: number;
  /** @default 0.07 */
  temperature?: number;
  /** [pairs] identifiers; rows with equal ones are positive for each other (classes, repeated captions). */
  groups?: ArrayLike<number>;
  /** What is minimised; symmetric InfoNCE by default. */
  pairLoss?: PairLoss;
}

/** The loss of a step. */
export interface ContrastiveRecord {
  /** From 1. */
  step: number;
  /** From 0. */
  epoch: number;
  metrics: { loss: number };
}

/** `embedA` and `embedB` give unit rows. */
export interface ContrastiveAlignment extends LinearAlignment {
  /** The loss of each step, from 1. */
  readonly history: { readonly records: readonly ContrastiveRecord[] };
}

/** Features as they are, but for standardised columns; nothing in it learns. */
function standardised(
  modality: string,
  x: Tensor2D,
): Encoder<never> & { moments: Pick<AffineMap, 'mean' | 'deviation'> } {
  const [mean, deviation] = tf.tidy(() => {
    const moments = tf.moments(x, 0);
    return [tf.clone(moments.mean), tf.sqrt(tf.add(moments.variance, 1e-6))];
  }) as [tf.Tensor1D, tf.Tensor1D];
  return {
    moments: { mean, deviation },
    modality,
    dimension: x.shape[1],
    prepare: async () => {
      throw new CrossmodalError('contrastiveProjections: features are tensors already');
    },
    encode: ({ features }) => tf.tidy(() => tf.div(tf.sub(features as Tensor2D, mean), deviation)),
    namedVariables: () => ({}),
    trainableVariables: () => [],
    dispose: () => tf.dispose([mean, deviation]),
  };
}

function orDispose<T>(resources: readonly { dispose(): void }[], make: () => T): T {
  try {
    return make();
  } catch (error) {
    for (const resource of resources) resource.dispose();
    throw error;
  }
}

/** All epochs, without the files that `fit` of `@crossmodal/core/train` can write: this runs in a browser, too. */
async function train<Batch>(step: Step<Batch>, data: Dataset<Batch>, epochs: number): Promise<ContrastiveRecord[]> {
  const records: ContrastiveRecord[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    for await (const batch of data.iterate(epoch)) {
      const metrics = step.run(batch);
      try {
        const loss = (await metrics['loss']!.data())[0] as number;
        if (!Number.isFinite(loss)) {
          throw new CrossmodalError(`contrastiveProjections: the loss became ${loss} at step ${records.length + 1}`, {
            remedy: 'look for NaN and infinities in the features, or lower the learning rate',
          });
        }
        records.push({ step: records.length + 1, epoch, metrics: { loss } });
      } finally {
        tf.dispose([metrics, batch as tf.TensorContainer]);
      }
    }
  }
  return records;
}

/**
 * Soft alignment of paired features: two linear maps into one space, trained so that paired rows are nearer to each other
 * than to the rest of the batch. Pairs need not coincide.
 *
 * z_a = normalise(a' W_a), z_b = normalise(b' W_b), a' and b' standardised; min InfoNCE(z_a, z_b; tau), symmetric, tau learned.
 *
 * @param a [pairs, first dimension]
 * @param b [pairs, second dimension]
 * @throws CrossmodalError when shapes do not fit or a setting is out of range
 * @see Radford et al. (2021), figure 3; the same data in closed form: `canonicalCorrelation`, `procrustes`, `leastSquares`
 *
 * @example
 * const alignment = await contrastiveProjections(imageRows, textRows, { dimension: 64, seed: 1, epochs: 30 });
 */
export async function contrastiveProjections(
  a: Tensor2D,
  b: Tensor2D,
  {
    dimension,
    seed,
    epochs = 50,
    batchSize = 128,
    learningRate = 1e-2, // linear maps bear a large one; it falls to zero on a cosine
    weightDecay = 0.01, // torch's AdamW
    temperature = 0.07, // MoCo; CLIP's initial value
    groups,
    pairLoss,
    ...others
  }: ContrastiveProjectionsOptions,
): Promise<ContrastiveAlignment> {
  assertKnownOptions('contrastiveProjections', others, [
    'dimension',
    'seed',
    'epochs',
    'batchSize',
    'learningRate',
    'weightDecay',
    'temperature',
    'groups',
    'pairLoss',
  ]);

  checkPairs('contrastiveProjections', a, b);
  requireInteger('contrastiveProjections: epochs', epochs);
  const rows = a.shape[0];
  if (groups && groups.length !== rows) {
    throw new CrossmodalError(
      `contrastiveProjections: groups must have one entry per pair, got ${groups.length} for ${rows}`,
    );
  }
  const encoders = { a: standardised('a', a), b: standardised('b', b) };
  const model = orDispose(Object.values(encoders), () =>
    dualEncoder({ encoders, dimension, seed, temperature, ...(pairLoss ? { pairLoss } : {}) }),
  );
  const identifiers = groups
    ? tf.tensor1d(labelCodes('contrastiveProjections', { groups }).groups, 'int32')
    : undefined;
  const data = tensorDataset(
    { a: { features: a }, b: { features: b }, ...(identifiers ? { groups: identifiers } : {}) },
    { batchSize: Math.min(batchSize, rows), seed, dropRemainder: true },
  );
  identifiers?.dispose();
  const optimizer = adamW({
    learningRate: cosine({ from: learningRate, steps: Math.max(1, epochs * data.batchesPerEpoch) }),
    weightDecay,
    groups: [{ match: /logitScale/, weightDecay: 0 }],
  });
  const step = trainStep<DualEncoderBatch<'a' | 'b'>>(model, { optimizer });
  try {
    const history = { records: await train(step, data, epochs) };
    const variables = model.namedVariables();
    const mapOf = (side: 'a' | 'b'): AffineMap => {
      const { mean, deviation } = encoders[side].moments;
      const weight = variables[`${side}/projection/weight`] as unknown as Tensor2D;
      return { mean: tf.clone(mean!), deviation: tf.clone(deviation!), weight: tf.clone(weight) };
    };
    const dimensions = [a.shape[1], b.shape[1], dimension] as const;
    const maps = linearAlignment('contrastiveProjections', dimensions, mapOf('a'), mapOf('b'), { unit: true });
    return { ...maps, history };
  } finally {
    model.dispose();
    data.dispose();
    step.dispose();
    optimizer.dispose();
  }
}
