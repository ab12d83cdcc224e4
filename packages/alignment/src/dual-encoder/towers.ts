import { type Encoder, type Inputs, type NamedVariables, prefixed, type Random } from '@crossmodal/core';
import type { Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type LinearEmbedding, linearEmbedding } from '../linear/linear-embedding.js';

/** One modality's way into the shared space: an encoder, a linear projection (or none), and whether the encoder learns. */
export interface Tower {
  readonly encoder: Encoder;
  readonly projection: LinearEmbedding | undefined;
  readonly locked: boolean;
}

export interface TowerOptions {
  dimension: number;
  projected: boolean;
  bias: boolean;
  locked: boolean;
  random: Random;
}

/** Builds the tower of one modality. */
export function tower(
  name: string,
  encoder: Encoder,
  { dimension, projected, bias, locked, random }: TowerOptions,
): Tower {
  const projection = projected
    ? linearEmbedding({ inputDimension: encoder.dimension, dimension, bias, seed: random.fork(name) })
    : undefined;
  // What a step trains it sees by this flag.
  if (locked) for (const variable of Object.values(encoder.namedVariables())) variable.trainable = false;
  return { encoder, projection, locked };
}

/** [batch, dimension], not yet of unit length. A locked encoder runs as in evaluation. */
export function project({ encoder, projection, locked }: Tower, inputs: Inputs, training: boolean): Tensor2D {
  return tf.tidy(() => {
    const encoded = encoder.encode(inputs, { training: training && !locked });
    return projection ? projection.apply(encoded) : encoded;
  });
}

/** What the optimiser may change. */
export function trainableOf({ encoder, projection, locked }: Tower): Variable[] {
  return [...(locked ? [] : encoder.trainableVariables()), ...(projection?.trainableVariables() ?? [])];
}

/** What a checkpoint stores. */
export function namedOf({ encoder, projection }: Tower): NamedVariables {
  return {
    ...prefixed('encoder', encoder.namedVariables()),
    ...(projection ? prefixed('projection', projection.namedVariables()) : {}),
  };
}
