import {
  assertBackend,
  assertKnownOptions,
  CrossmodalError,
  type Encoder,
  type Inputs,
  isTraining,
  type LossTerms,
  type NamedVariables,
  prefixed,
  Random,
  requirePositive,
  type Savable,
  savedModelFiles,
} from '@crossmodal/core';
import { boundedScale, l2Normalize } from '@crossmodal/core/layers';
import { relativeSpread } from '@crossmodal/core/metrics';
import { pairsByLabel } from '@crossmodal/losses';
import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type BatchExtras, checkExtras, checkMask, type DualEncoderBatch } from './batch.js';
import { checkDimensions, checkNames, checkRows, checkWeights } from './checks.js';
import { embedItems } from './embed-items.js';
import { infoNcePairLoss, type PairLoss } from './pair-loss.js';
import { presentRowsOnly, zeroWhereMissing } from './present-rows.js';
import { namedOf, project, type Tower, tower, trainableOf } from './towers.js';

export interface DualEncoderOptions<Modality extends string> {
  /** One encoder per modality, two or more. */
  encoders: Record<Modality, Encoder>;
  /** Length of the vectors of the shared space. */
  dimension: number;
  seed: number;
  /** Initial temperature tau. */
  temperature?: number;
  /** Whether tau is learned, as log(1 / tau). */
  learnTemperature?: boolean;
  /** Upper bound of 1 / tau. */
  maximumScale?: number;
  /** Modalities whose encoder is used as it is (its variables are set not trainable); their projections still learn. */
  locked?: readonly NoInfer<Modality>[];
  /** Modalities without a projection, whose encoder already ends in the shared space. */
  unprojected?: readonly NoInfer<Modality>[];
  /** Whether projections have a bias. */
  bias?: boolean;
  /** Weight of each pair of modalities, by name in the order of `encoders`: `{ 'image-text': 1, 'image-audio': 0.5 }`. */
  weights?: Readonly<Record<string, number>>;
  /** What is minimised between two modalities. */
  pairLoss?: PairLoss;
}

const optionNames: Record<keyof DualEncoderOptions<string>, true> = {
  encoders: true,
  dimension: true,
  seed: true,
  temperature: true,
  learnTemperature: true,
  maximumScale: true,
  locked: true,
  unprojected: true,
  bias: true,
  weights: true,
  pairLoss: true,
};

/** Embeddings of one batch by modality, all with equally many rows. */
export type Embeddings<Modality extends string> = { [M in Modality]?: Tensor2D };

/**
 * Encoders of two or more modalities that end in one space: a model for `trainStep` and, where batches are large, for
 * `cachedGradientStep`.
 */
export interface DualEncoder<Modality extends string = string> extends Savable {
  readonly modalities: readonly Modality[];
  readonly encoders: Readonly<Record<Modality, Encoder>>;
  readonly dimension: number;
  /** log(1 / tau), one value, [] */
  readonly logitScale: Variable;
  /** 1 / tau in force: exp(logitScale), bounded, []. */
  scale(): Scalar;
  /** Rows of unit length, [batch, dimension]; differentiable. */
  embed(modality: Modality, inputs: Inputs, options?: { training?: boolean }): Tensor2D;
  /** Raw items to the inputs of a modality, as its encoder makes them. */
  prepare(
    modality: Modality,
    items: readonly unknown[],
    options?: Parameters<Encoder['prepare']>[1],
  ): ReturnType<Encoder['prepare']>;
  /** Raw items to rows of unit length, in batches; for evaluation and search. */
  embedItems(modality: Modality, items: readonly unknown[], options?: { batchSize?: number }): Promise<Tensor2D>;
  /** The embeddings of a batch, or of some rows of it; a missing row (`present`) is embedded as a present one. */
  embedBatch(batch: DualEncoderBatch<Modality>, options?: { training?: boolean }): Embeddings<Modality>;
  /**
   * The contrastive loss of a batch, differentiable. Terms: one per pair of modalities (`image-text`), the `temperature` in
   * force, and for each modality how far its embeddings differ (`spread/image`, 0 when all are equal).
   */
  loss(batch: DualEncoderBatch<Modality>, options?: { training?: boolean }): LossTerms;
  /** The same from embeddings, for whoever computes them in another way. */
  contrast(embeddings: Embeddings<Modality>, extras?: BatchExtras<Modality>): LossTerms;
  trainableVariables(): Variable[];
  namedVariables(): NamedVariables;
  /** For `saveFolder` of `@crossmodal/core/models`: each encoder in a folder of its own; `loadDualEncoder` loads them. */
  files: Savable['files'];
  /** Frees projections, temperature and encoders. */
  dispose(): void;
}

/**
 * A dual encoder (CLIP), for two or more modalities: each has its encoder, a linear projection into the shared space and
 * L2 normalisation; similarities are multiplied by a learnable scale.
 *
 * z_m = normalise(encoder_m(x_m) W_m); L = sum over pairs (m, n) of weight_mn * InfoNCE(z_m, z_n; tau), symmetric.
 *
 * A modality may be missing in some samples (`present`) or in a whole batch, one may be locked, and several rows may be
 * positive for each other (`groups`, `positives`).
 *
 * @throws CrossmodalError when there is no pair, a name is reserved, or an option does not fit
 * @see Radford et al. (2021), figure 3; Zhai et al. (2022) for locked towers
 *
 * @example
 * const model = dualEncoder({ encoders: { image, text }, dimension: 64, seed: 1 });
 * const step = trainStep(model, { optimizer: adamW({ learningRate: 1e-3 }) });
 */
export function dualEncoder<Modality extends string>(options: DualEncoderOptions<Modality>): DualEncoder<Modality> {
  assertBackend('dualEncoder');
  assertKnownOptions('dualEncoder', options, optionNames);
  const {
    encoders,
    dimension,
    seed,
    temperature = 0.07, // Wu et al. (2018), MoCo; CLIP's initial value
    learnTemperature = true, // CLIP
    maximumScale = 100, // CLIP
    locked = [],
    unprojected = [],
    bias = false, // CLIP
    weights = {},
    pairLoss = infoNcePairLoss,
  } = options;
  const modalities = Object.keys(encoders) as Modality[];
  const pairs = modalities.flatMap((a, i) => modalities.slice(i + 1).map((b) => ({ a, b, name: `${a}-${b}` })));
  checkNames(modalities, { locked, unprojected });
  checkWeights(
    weights,
    pairs.map(({ name }) => name),
  );
  requirePositive('dualEncoder: temperature', temperature);
  checkDimensions(encoders, dimension, unprojected);
  const random = new Random(seed).fork('projections');
  const towers = {} as Record<Modality, Tower>;
  for (const name of modalities) {
    towers[name] = tower(name, encoders[name], {
      dimension,
      projected: !unprojected.includes(name),
      bias,
      locked: locked.includes(name),
      random,
    });
  }
  const logitScale = tf.tidy(() => tf.variable(tf.scalar(Math.log(1 / temperature)), learnTemperature));
  const towerOf = (modality: Modality): Tower => {
    const found = towers[modality];
    if (!found)
      throw new CrossmodalError(`dualEncoder: there is no modality '${modality}', only ${modalities.join(', ')}`);
    return found;
  };

  const model: DualEncoder<Modality> = {
    modalities,
    encoders,
    dimension,
    logitScale,
    scale: () => boundedScale(logitScale as unknown as Scalar, { maximum: maximumScale }),
    embed(modality, inputs, options) {
      const training = isTraining('dualEncoder.embed', options);
      return tf.tidy(() => l2Normalize(project(towerOf(modality), inputs, training)));
    },
    prepare: async (modality, items, options) => towerOf(modality).encoder.prepare(items, options),
    embedItems(modality, items, options) {
      const { encoder } = towerOf(modality);
      return embedItems(encoder, items, (inputs) => model.embed(modality, inputs), options);
    },
    embedBatch(batch, options) {
      const training = isTraining('dualEncoder.embedBatch', options);
      return tf.tidy(() => {
        const embeddings: Embeddings<Modality> = {};
        for (const name of modalities) {
          const inputs = batch[name] as Inputs | undefined;
          if (!inputs) continue;
          const mask = batch.present?.[name];
          checkMask(name, mask, Object.values(inputs)[0]?.shape[0]);
          embeddings[name] = model.embed(name, mask ? presentRowsOnly(inputs, mask) : inputs, { training });
        }
        return embeddings;
      });
    },
    loss: (batch, options) => tf.tidy(() => model.contrast(model.embedBatch(batch, options), batch)),
    contrast(embeddings, { present, groups, positives, ...others } = {}) {
      // A whole batch may come as extras: its modalities are no options that are misspelt.
      assertKnownOptions('dualEncoder.contrast', others, ['present', 'groups', 'positives', ...modalities]);
      return tf.tidy(() => {
        const given = modalities.filter((name) => embeddings[name]);
        const used = pairs.filter(({ a, b }) => given.includes(a) && given.includes(b));
        if (used.length === 0) {
          throw new CrossmodalError(
            `dualEncoder.loss: a batch needs at least two modalities, got ${given.join(', ') || 'none'}`,
          );
        }
        const size = checkRows(given, embeddings, dimension);
        checkExtras({ present, groups, positives }, size);
        const rows: Embeddings<Modality> = {};
        const spreads: Record<string, Scalar> = {};
        for (const name of given) {
          const mask = present?.[name];
          const all = embeddings[name] as Tensor2D;
          rows[name] = mask ? zeroWhereMissing(all, mask) : all;
          spreads[`spread/${name}`] = relativeSpread(rows[name] as Tensor2D, { present: mask });
        }
        const temperature = tf.div(1, model.scale()) as Scalar;
        const positive = groups ? pairsByLabel(groups, groups).positive : positives;
        const terms: Record<string, Scalar> = {};
        let total: Scalar | undefined;
        for (const { a, b, name } of used) {
          const term = pairLoss(rows[a] as Tensor2D, rows[b] as Tensor2D, {
            temperature,
            positives: positive,
            presentA: present?.[a],
            presentB: present?.[b],
          });
          terms[name] = term;
          const weighted = tf.mul(term, weights[name] ?? 1) as Scalar;
          total = total ? (tf.add(total, weighted) as Scalar) : weighted;
        }
        return { ...terms, temperature, ...spreads, loss: total as Scalar };
      });
    },
    trainableVariables() {
      const learned = learnTemperature ? [logitScale] : [];
      return [...new Set([...modalities.flatMap((name) => trainableOf(towers[name])), ...learned])];
    },
    namedVariables() {
      const all = modalities.map((name) => prefixed(name, namedOf(towers[name])));
      return Object.assign({ logitScale }, ...all) as NamedVariables;
    },
    files: (settings) =>
      savedModelFiles(
        {
          type: 'dualEncoder',
          options: {
            ...{
              encoders,
              dimension,
              seed,
              temperature,
              learnTemperature,
              maximumScale,
              locked,
              unprojected,
              bias,
              weights,
            },
            ...(options.pairLoss ? { pairLoss: options.pairLoss } : {}),
          },
        },
        model.namedVariables(),
        settings,
      ),
    dispose() {
      for (const { encoder, projection } of Object.values<Tower>(towers)) {
        projection?.dispose();
        encoder.dispose();
      }
      logitScale.dispose();
    },
  };
  return model;
}
