import {
  type Alternating,
  assertKnownOptions,
  CrossmodalError,
  isTraining,
  type LossTerms,
  type NamedVariables,
  namedVariables,
  prefixed,
  requireInteger,
  requireOneOf,
  type Savable,
  savedModelFiles,
  stopGradient,
} from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import { relativeSpread } from '@crossmodal/core/metrics';
import { type AdversarialKind, discriminatorLoss, generatorLoss } from '@crossmodal/losses';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { denseDiscriminator } from './networks/dense-discriminator.js';
import type { Discriminator } from './networks/discriminator.js';
import { embeddingMap } from './networks/embedding-map.js';

/** Embeddings of two modalities; rows belong together when `pairWeight` > 0, else they need not. */
export interface EmbeddingGanBatch {
  /** [batch, dimensionA] */
  a: Tensor2D;
  /** [batch, dimensionB] */
  b: Tensor2D;
}

export interface EmbeddingGanOptions {
  dimensionA: number;
  dimensionB: number;
  /**
   * Hidden layers of the maps; none makes them linear.
   * @default [256]
   */
  hidden?: readonly number[];
  /**
   * Hidden layers of the discriminators.
   * @default [256]
   */
  discriminatorHidden?: readonly number[];
  /** @default 'non-saturating' */
  loss?: AdversarialKind;
  /**
   * Weight of 1 - cos(F(a_i), b_i) over pairs; 0 for unpaired data.
   * @default 1
   */
  pairWeight?: number;
  /**
   * Weight of 1 - cos(G(F(a)), a) and 1 - cos(F(G(b)), b), with G the map back; 0 makes no map back.
   * @default 0
   */
  cycleWeight?: number;
  /** @default 0 */
  seed?: number | string;
}

/**
 * Maps from one embedding space to another, made by adversarial training; see `embeddingGan`. A model for `ganStep` and
 * `alternatingStep`; its `generator` reports `adversarial`, `pair` and `cycle`, as far as their weights are above zero,
 * and the `spread` of what is mapped (0 when all is mapped to one point).
 */
export interface EmbeddingGan extends Alternating<EmbeddingGanBatch, 'discriminator' | 'generator'>, Savable {
  /** A -> B: [batch, dimensionB], rows of length one. */
  forward(a: Tensor2D): Tensor2D;
  /** B -> A: [batch, dimensionA], rows of length one; with a `cycleWeight` only. */
  backward(b: Tensor2D): Tensor2D;
  dispose(): void;
}

/** One direction: a map and the discriminator of the space it leads to. */
interface Direction {
  map: LayersModel;
  discriminator: Discriminator;
}

const optionNames: Record<keyof EmbeddingGanOptions, true> = {
  dimensionA: true,
  dimensionB: true,
  hidden: true,
  discriminatorHidden: true,
  loss: true,
  pairWeight: true,
  cycleWeight: true,
  seed: true,
};

/**
 * A generator F that maps embeddings of modality A to those of modality B, so that a discriminator cannot tell F(a) from
 * b, pairs coincide (`pairWeight`), and the way back returns to the start (`cycleWeight`):
 *
 * L_F = adversarial + pairWeight mean(1 - cos(F(a_i), b_i)) + cycleWeight [mean(1 - cos(G(F(a)), a)) + mean(1 - cos(F(G(b)), b))].
 *
 * Embeddings of both sides count by their direction; they are scaled to length sqrt(dimension) before the networks.
 *
 * @throws CrossmodalError for dimensions below one or negative weights
 * @see Zhu et al., CycleGAN (2017), eq. 1-3; Conneau et al., Word translation without parallel data (2018), section 2
 * @example
 * const gan = embeddingGan({ dimensionA: 64, dimensionB: 64, pairWeight: 1, seed: 1 });
 * await fit(ganStep(gan), tensorDataset({ a: texts, b: images }, { batchSize: 64 }), { epochs: 20 });
 * const predicted = gan.forward(otherTexts);
 */
export function embeddingGan(options: EmbeddingGanOptions): EmbeddingGan {
  assertKnownOptions('embeddingGan', options, optionNames);
  const {
    dimensionA,
    dimensionB,
    hidden = [256],
    discriminatorHidden = [256],
    loss: kind = 'non-saturating',
    pairWeight = 1,
    cycleWeight = 0,
    seed = 0,
  } = options;
  requireOneOf('embeddingGan: loss', kind, ['minimax', 'non-saturating', 'least-squares', 'hinge', 'wasserstein']);
  for (const [name, size] of Object.entries({ dimensionA, dimensionB })) {
    requireInteger(`embeddingGan: ${name}`, size);
  }
  if (!(pairWeight >= 0 && cycleWeight >= 0)) {
    throw new CrossmodalError(`embeddingGan: weights must not be negative, got ${pairWeight} and ${cycleWeight}`);
  }
  const direction = (name: string, from: number, to: number): Direction => ({
    map: embeddingMap({ inputDimension: from, outputDimension: to, hidden, seed: `${seed}/${name}` }),
    discriminator: denseDiscriminator({ inputDimension: to, hidden: discriminatorHidden, seed: `${seed}/${name}` }),
  });
  const there = direction('forward', dimensionA, dimensionB);
  const back = cycleWeight > 0 ? direction('backward', dimensionB, dimensionA) : undefined;

  const scaled = (x: Tensor2D) => tf.mul(l2Normalize(x), Math.sqrt(x.shape[1])) as Tensor2D;
  const apply = ({ map }: Direction, x: Tensor2D, training: boolean) => scaled(map.apply(x, { training }) as Tensor2D);
  const judge = ({ discriminator: { body, head } }: Direction, x: Tensor, training: boolean) =>
    head.apply(body.apply(x, { training }), { training }) as Tensor;
  const apart = (x: Tensor2D, y: Tensor2D) =>
    tf.sub(1, tf.mean(tf.sum(tf.mul(l2Normalize(x), l2Normalize(y)), 1))) as Scalar;
  const checked = (caller: string, name: string, x: Tensor2D, dimension: number): Tensor2D => {
    if (x.rank === 2 && x.shape[1] === dimension) return scaled(x);
    throw new CrossmodalError(`${caller}: ${name} must be [batch, ${dimension}], got [${x.shape}]`);
  };
  const sides = (caller: string, { a, b }: EmbeddingGanBatch): [Tensor2D, Tensor2D] => {
    if (pairWeight > 0 && a.shape[0] !== b.shape[0]) {
      throw new CrossmodalError(
        `${caller}: a and b must be paired row by row, got ${a.shape[0]} and ${b.shape[0]} rows`,
        {
          remedy: 'set pairWeight to 0 for unpaired embeddings',
        },
      );
    }
    return [checked(caller, 'a', a, dimensionA), checked(caller, 'b', b, dimensionB)];
  };
  const directions = back ? { forward: there, backward: back } : { forward: there };
  const variablesOf = (pick: (direction: Direction) => [string, LayersModel][]): NamedVariables =>
    Object.assign(
      {},
      ...Object.entries(directions).flatMap(([name, each]) =>
        pick(each).map(([part, network]) => prefixed(`${name}/${part}`, namedVariables(network))),
      ),
    ) as NamedVariables;
  const maps = ({ map }: Direction): [string, LayersModel][] => [['map', map]];
  const critics = ({ discriminator: { body, head } }: Direction): [string, LayersModel][] => [
    ['discriminator/body', body],
    ['discriminator/head', head],
  ];
  const use = (caller: string, name: string, way: Direction | undefined, x: Tensor2D, size: number) =>
    tf.tidy(() => {
      if (!way) throw new CrossmodalError(`${caller}: there is no map back`, { remedy: 'set cycleWeight above 0' });
      return l2Normalize(way.map.apply(checked(caller, name, x, size)) as Tensor2D);
    });

  const model: EmbeddingGan = {
    forward: (a) => use('forward', 'a', there, a, dimensionA),
    backward: (b) => use('backward', 'b', back, b, dimensionB),
    objectives: {
      discriminator: {
        loss: (batch, options) => {
          const training = isTraining('embeddingGan.discriminator.loss', options);
          return tf.tidy((): LossTerms => {
            const [a, b] = sides('discriminator.loss', batch);
            const told = (way: Direction, real: Tensor2D, from: Tensor2D) =>
              discriminatorLoss(
                judge(way, real, training),
                judge(way, stopGradient(apply(way, from, training)), training),
                { kind },
              );
            const loss = told(there, b, a);
            return { loss: back ? (tf.add(loss, told(back, a, b)) as Scalar) : loss };
          });
        },
        namedVariables: () => variablesOf(critics),
      },
      generator: {
        loss: (batch, options) => {
          const training = isTraining('embeddingGan.generator.loss', options);
          return tf.tidy((): LossTerms => {
            const [a, b] = sides('generator.loss', batch);
            const mapped = apply(there, a, training);
            let adversarial = generatorLoss(judge(there, mapped, training), { kind });
            const terms: Record<string, Scalar> = {};
            let weighted: Scalar[] = [];
            if (pairWeight > 0) {
              const pair = apart(mapped, b);
              terms['pair'] = pair;
              weighted = [...weighted, tf.mul(pairWeight, pair)];
            }
            if (back) {
              const returned = apply(back, b, training);
              adversarial = tf.add(adversarial, generatorLoss(judge(back, returned, training), { kind }));
              const cycle = tf.add(
                apart(apply(back, mapped, training), a),
                apart(apply(there, returned, training), b),
              ) as Scalar;
              terms['cycle'] = cycle;
              weighted = [...weighted, tf.mul(cycleWeight, cycle)];
            }
            const spread = relativeSpread(mapped);
            return { loss: tf.addN([adversarial, ...weighted]) as Scalar, adversarial, ...terms, spread };
          });
        },
        namedVariables: () => variablesOf(maps),
      },
    },
    namedVariables: () => variablesOf((each) => [...maps(each), ...critics(each)]),
    files: (settings) =>
      savedModelFiles(
        {
          type: 'embeddingGan',
          options: { dimensionA, dimensionB, hidden, discriminatorHidden, loss: kind, pairWeight, cycleWeight, seed },
        },
        model.namedVariables(),
        settings,
      ),
    dispose: () => {
      for (const { map, discriminator } of Object.values(directions)) {
        for (const network of [map, discriminator.body, discriminator.head]) network.dispose();
      }
    },
  };
  return model;
}
