import { disposeVariables, isTraining, type WeightSpecs } from '@crossmodal/core';
import { embedding, linear, linearSpecs, type Parameters, type Run } from '@crossmodal/core/blocks';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Decoder } from './decoder.js';
import { decoderVariables } from './initial-weights.js';
import type { TransformerStack } from './transformer-stack.js';

export interface TokenDecoderOptions {
  vocabularySize: number;
  names: {
    tokens: string;
    /** A linear map of its own to the logits; else the table of tokens gives them (tied). */
    head?: string | undefined;
  };
  /** Multiplies the vectors of tokens. */
  scale?: number;
}

/** The weights of a Transformer decoder over tokens. */
export function tokenDecoderSpecs(
  stack: TransformerStack,
  { vocabularySize, names }: TokenDecoderOptions,
): WeightSpecs {
  return {
    [`${names.tokens}.weight`]: { shape: [vocabularySize, stack.width] },
    ...stack.specs,
    ...(names.head ? linearSpecs(names.head, stack.width, vocabularySize, { bias: false }) : {}),
  };
}

/** A Transformer decoder over tokens: their table, a stack of layers, and the table again (or a head) for the logits. */
export function tokenDecoder(
  parameters: Parameters,
  stack: TransformerStack,
  { vocabularySize, names, scale = 1 }: TokenDecoderOptions,
  runOf: (training: boolean) => Run,
): Decoder {
  const vectorsOf = (ids: Tensor2D): Tensor3D => {
    const vectors = embedding(parameters, names.tokens, ids) as Tensor3D;
    return scale === 1 ? vectors : tf.mul(vectors, scale);
  };
  const logitsOf = (states: Tensor): Tensor2D => {
    const flat = tf.reshape(states, [-1, stack.width]) as Tensor2D;
    if (names.head) return linear(parameters, names.head, flat) as Tensor2D;
    return tf.matMul(flat, parameters.get(`${names.tokens}.weight`) as Tensor as Tensor2D, false, true);
  };
  return {
    vocabularySize,
    maximumLength: stack.length,
    promptBlock: 16,
    logits: (ids, memory, options) =>
      tf.tidy(() => {
        const states = stack.states(
          parameters,
          vectorsOf(ids),
          memory,
          runOf(isTraining('tokenDecoder.logits', options)),
        );
        return tf.reshape(logitsOf(states), [...ids.shape, vocabularySize]) as Tensor3D;
      }),
    state(shape) {
      const state = stack.state(parameters, shape);
      return {
        ...state,
        step: (ids, first, last) => {
          const states = state.step(vectorsOf(ids), first);
          return logitsOf(ids.shape[1] === 1 ? states : placeOfEach(states, last));
        },
      };
    },
    namedVariables: () => decoderVariables(parameters),
    dispose: () => disposeVariables(decoderVariables(parameters)),
  };
}

/** The vector of one place of each row: [rows, places, width] to [rows, width]. */
export function placeOfEach(states: Tensor3D, place: Tensor1D): Tensor2D {
  const marks = tf.cast(tf.equal(tf.expandDims(place, 1), tf.range(0, states.shape[1], 1, 'int32')), 'float32');
  return tf.sum(tf.mul(states, tf.expandDims(marks, 2)), 1) as Tensor2D;
}
