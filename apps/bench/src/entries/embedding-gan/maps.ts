import { canonicalCorrelation, leastSquares } from '@crossmodal/alignment';
import { namedVariables, type Trainable } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { l2Normalize } from '@crossmodal/core/layers';
import { adam } from '@crossmodal/core/optimisers';
import { fit, type History } from '@crossmodal/core/train';
import { type EmbeddingGanBatch, type EmbeddingGanOptions, embeddingGan, embeddingMap, ganStep } from '@crossmodal/gan';
import * as tf from '@tensorflow/tfjs-core';
import type { Followed } from '../entry.js';
import { trainToEnd } from '../shared/train.js';
import type { PairedSet } from './pairs.js';

export interface MapSettings {
  hidden: number[];
  steps: number;
  batchSize: number;
}

/** What makes rows of both sides comparable. */
export interface Mapping {
  /** Whether `a` gives rows that should be distributed as those of the other side. */
  imitates: boolean;
  a(x: tf.Tensor2D): tf.Tensor2D;
  b(x: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

/** A method: its mapping before training, if there is such, and after. */
export interface Method {
  untrained?: () => Mapping;
  trained(follow: (label: string) => Followed): Promise<{ mapping: Mapping; history?: History }>;
}

/** How the GAN's terms are weighed. The adversarial one has weight 1. */
const weights = {
  'GAN with pairs': { pairWeight: 10 },
  'GAN with pairs and cycle': { pairWeight: 10, cycleWeight: 10 },
  'GAN with cycle, no pairs': { pairWeight: 0, cycleWeight: 10 },
} satisfies Record<string, Partial<EmbeddingGanOptions>>;

/** The methods by name: closed forms, the same network without a discriminator, and GANs. */
export function methodsOf({ train, canonical }: PairedSet, own: MapSettings, seed: number): Map<string, Method> {
  const [dimensionA, dimensionB] = [train.a.shape[1], train.b.shape[1]];
  const methods = new Map<string, Method>();
  methods.set('canonical correlation', {
    async trained() {
      const map = await canonicalCorrelation(train.a, train.b, { dimension: canonical.dimension, regularisation: 1 });
      return { mapping: { imitates: false, a: map.embedA, b: map.embedB, dispose: () => map.dispose() } };
    },
  });
  methods.set('least squares', {
    async trained() {
      const map = await leastSquares(train.a, train.b, { regularisation: train.a.shape[0] });
      return { mapping: { imitates: true, a: map.embedA, b: map.embedB, dispose: () => map.dispose() } };
    },
  });
  const data = () =>
    tensorDataset(
      { a: train.a, b: train.b },
      { batchSize: Math.min(own.batchSize, train.labels.length), seed, dropRemainder: true },
    );
  const imitating = (a: Mapping['a'], dispose: () => void): Mapping => ({ imitates: true, a, b: tf.clone, dispose });
  const pairsAlone = () => pairedMap({ dimensionA, dimensionB, hidden: own.hidden, seed });
  const name = 'the map of the GAN, pairs alone';
  methods.set(name, {
    untrained: () => {
      const model = pairsAlone();
      return imitating(model.forward, model.dispose);
    },
    async trained(follow) {
      const model = pairsAlone();
      const optimizer = adam({ learningRate: 1e-3 });
      const history = await trainToEnd(model, optimizer, data(), { steps: own.steps, ...follow(name) });
      return { mapping: imitating(model.forward, model.dispose), history };
    },
  });
  for (const [gan, terms] of Object.entries(weights)) {
    const make = () => embeddingGan({ dimensionA, dimensionB, hidden: own.hidden, ...terms, seed });
    methods.set(gan, {
      untrained: () => {
        const model = make();
        return imitating(model.forward, model.dispose);
      },
      async trained(follow) {
        const model = make();
        const step = ganStep(model);
        const history = await fit(step, data(), { steps: own.steps, ...follow(gan) });
        step.applyAverages();
        step.dispose();
        return { mapping: imitating(model.forward, model.dispose), history };
      },
    });
  }
  return methods;
}

/** The map of `embeddingGan` without a discriminator: 1 - cos(F(a), b) is its whole loss. */
function pairedMap({
  dimensionA,
  dimensionB,
  ...own
}: {
  dimensionA: number;
  dimensionB: number;
  hidden: number[];
  seed: number;
}): Trainable<EmbeddingGanBatch> & { forward: Mapping['a']; dispose: () => void } {
  const map = embeddingMap({ inputDimension: dimensionA, outputDimension: dimensionB, ...own });
  const forward = (a: tf.Tensor2D) =>
    tf.tidy(() => l2Normalize(map.apply(tf.mul(l2Normalize(a), Math.sqrt(dimensionA))) as tf.Tensor2D));
  return {
    forward,
    loss: ({ a, b }) =>
      tf.tidy(() => ({ loss: tf.sub(1, tf.mean(tf.sum(tf.mul(forward(a), l2Normalize(b)), 1))) as tf.Scalar })),
    namedVariables: () => namedVariables(map),
    dispose: () => map.dispose(),
  };
}
