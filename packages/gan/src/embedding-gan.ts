import { CrossmodalError, type NamedVariables, namedVariables, prefixed } from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { AlternatingStep } from '@crossmodal/core/step';
import { type AdversarialKind, discriminatorLoss, generatorLoss } from '@crossmodal/losses';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { type AveragedStep, type GanStepOptions, ganStep } from './gan-step.js';
import type { LossTerms } from './internal/game.js';
import { stopGradient } from './internal/stop-gradient.js';
import { exchanged, trainableNamed } from './internal/variables.js';
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
  /** Hidden layers of the maps; none makes them linear. */
  hidden?: readonly number[];
  /** Hidden layers of the discriminators. */
  discriminatorHidden?: readonly number[];
  loss?: AdversarialKind;
  /** Weight of 1 - cos(F(a_i), b_i) over pairs; 0 for unpaired data. */
  pairWeight?: number;
  /** Weight of 1 - cos(G(F(a)), a) and 1 - cos(F(G(b)), b), with G the map back; 0 makes no map back. */
  cycleWeight?: number;
  seed?: number | string;
}

/** Maps from one embedding space to another, made by adversarial training; see `embeddingGan`. */
export interface EmbeddingGan {
  /** A -> B: [batch, dimensionB], rows of length one. */
  forward(a: Tensor2D, options?: { averaged?: boolean }): Tensor2D;
  /** B -> A: [batch, dimensionA], rows of length one; with a `cycleWeight` only. */
  backward(b: Tensor2D, options?: { averaged?: boolean }): Tensor2D;
  discriminatorLoss(batch: EmbeddingGanBatch): LossTerms;
  /** Terms: `adversarial`, `pair`, `cycle`, as far as their weights are above zero. */
  generatorLoss(batch: EmbeddingGanBatch): LossTerms;
  step(options?: GanStepOptions): AlternatingStep<EmbeddingGanBatch>;
  generatorVariables(): NamedVariables;
  discriminatorVariables(): NamedVariables;
  namedVariables(): NamedVariables;
  dispose(): void;
}

/** One direction: a map and the discriminator of the space it leads to. */
interface Direction {
  map: LayersModel;
  discriminator: Discriminator;
}

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
 * await fit(gan.step(), tensorDataset({ a: texts, b: images }, { batchSize: 64 }), { epochs: 20 });
 * const predicted = gan.forward(otherTexts);
 */
export function embeddingGan({
  dimensionA,
  dimensionB,
  hidden = [256],
  discriminatorHidden = [256],
  loss: kind = 'non-saturating',
  pairWeight = 1,
  cycleWeight = 0,
  seed = 0,
}: EmbeddingGanOptions): EmbeddingGan {
  for (const [name, size] of Object.entries({ dimensionA, dimensionB })) {
    if (!Number.isInteger(size) || size < 1)
      throw new CrossmodalError(`embeddingGan: ${name} must be a positive integer, got ${size}`);
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
  let trained: AveragedStep<EmbeddingGanBatch> | undefined;

  const scaled = (x: Tensor2D) => tf.mul(l2Normalize(x), Math.sqrt(x.shape[1])) as Tensor2D;
  const apply = ({ map }: Direction, x: Tensor2D) => scaled(map.apply(x, { training: true }) as Tensor2D);
  const judge = ({ discriminator: { body, head } }: Direction, x: Tensor) =>
    head.apply(body.apply(x, { training: true }), { training: true }) as Tensor;
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
  const variablesOf = (pick: (direction: Direction) => [string, LayersModel][], all = false): NamedVariables =>
    Object.assign(
      {},
      ...Object.entries(directions).flatMap(([name, each]) =>
        pick(each).map(([part, network]) =>
          prefixed(`${name}/${part}`, all ? namedVariables(network) : trainableNamed(network)),
        ),
      ),
    ) as NamedVariables;
  const maps = ({ map }: Direction): [string, LayersModel][] => [['map', map]];
  const critics = ({ discriminator: { body, head } }: Direction): [string, LayersModel][] => [
    ['discriminator/body', body],
    ['discriminator/head', head],
  ];
  const use = (
    caller: string,
    name: string,
    way: Direction | undefined,
    x: Tensor2D,
    size: number,
    averaged: boolean,
  ) =>
    tf.tidy(() => {
      if (!way) throw new CrossmodalError(`${caller}: there is no map back`, { remedy: 'set cycleWeight above 0' });
      const input = checked(caller, name, x, size);
      const averages = averaged && trained ? trained.averages() : {};
      return exchanged(gan.generatorVariables(), averages, () => l2Normalize(way.map.apply(input) as Tensor2D));
    });

  const gan: EmbeddingGan = {
    forward: (a, { averaged = true } = {}) => use('forward', 'a', there, a, dimensionA, averaged),
    backward: (b, { averaged = true } = {}) => use('backward', 'b', back, b, dimensionB, averaged),
    discriminatorLoss: (batch) =>
      tf.tidy((): LossTerms => {
        const [a, b] = sides('discriminatorLoss', batch);
        const loss = discriminatorLoss(judge(there, b), judge(there, stopGradient(apply(there, a))), { kind });
        if (!back) return { loss };
        const other = discriminatorLoss(judge(back, a), judge(back, stopGradient(apply(back, b))), { kind });
        return { loss: tf.add(loss, other) as Scalar };
      }),
    generatorLoss: (batch) =>
      tf.tidy((): LossTerms => {
        const [a, b] = sides('generatorLoss', batch);
        const mapped = apply(there, a);
        let adversarial = generatorLoss(judge(there, mapped), { kind });
        const terms: Record<string, Scalar> = {};
        let weighted: Scalar[] = [];
        if (pairWeight > 0) {
          const pair = apart(mapped, b);
          terms['pair'] = pair;
          weighted = [...weighted, tf.mul(pairWeight, pair)];
        }
        if (back) {
          const returned = apply(back, b);
          adversarial = tf.add(adversarial, generatorLoss(judge(back, returned), { kind }));
          const cycle = tf.add(apart(apply(back, mapped), a), apart(apply(there, returned), b)) as Scalar;
          terms['cycle'] = cycle;
          weighted = [...weighted, tf.mul(cycleWeight, cycle)];
        }
        return { loss: tf.addN([adversarial, ...weighted]) as Scalar, adversarial, ...terms };
      }),
    step: (options = {}) => {
      trained?.dispose();
      trained = ganStep<EmbeddingGanBatch>(gan, options);
      return trained.step;
    },
    generatorVariables: () => variablesOf(maps),
    discriminatorVariables: () => variablesOf(critics),
    namedVariables: () => variablesOf((each) => [...maps(each), ...critics(each)], true),
    dispose: () => {
      trained?.dispose();
      for (const { map, discriminator } of Object.values(directions)) {
        for (const network of [map, discriminator.body, discriminator.head]) network.dispose();
      }
    },
  };
  return gan;
}
