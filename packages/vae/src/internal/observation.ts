import { CrossmodalError, type Encoder, type Inputs } from '@crossmodal/core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * What is encoded and explained. A tensor is both; with an `Encoder` of core, `inputs` is what it takes and `target` what
 * the decoder explains (a text's token ids and its bag of words, say).
 */
export type Observation = Tensor | { inputs: Inputs; target: Tensor };

/** A network from observations to features [batch, size]: a tfjs-layers model, or an encoder of any modality. */
export type FeatureNetwork = LayersModel | Encoder;

export function isEncoder(network: FeatureNetwork): network is Encoder {
  return 'encode' in network;
}

/** The tensor that the decoder explains. */
export function targetOf(observation: Observation): Tensor {
  return observation instanceof tf.Tensor ? observation : observation.target;
}

export function rowsOf(observation: Observation): number {
  return targetOf(observation).shape[0] as number;
}

/** Features of an observation under a condition: [batch, size]. */
export function featuresOf(
  caller: string,
  network: FeatureNetwork,
  observation: Observation,
  condition: Tensor2D | undefined,
  { training }: { training: boolean },
): Tensor2D {
  if (isEncoder(network)) {
    if (observation instanceof tf.Tensor) {
      throw new CrossmodalError(`${caller}: the encoder is one of core's, so pass { inputs, target }, got a tensor`);
    }
    const encoded = network.encode(observation.inputs, { training });
    return condition ? (tf.concat([encoded, condition], 1) as Tensor2D) : encoded;
  }
  if (!(observation instanceof tf.Tensor)) {
    throw new CrossmodalError(
      `${caller}: the encoder is a tfjs-layers model, so pass a tensor, got { inputs, target }`,
    );
  }
  return network.apply(condition ? [observation, condition] : observation, { training }) as Tensor2D;
}

/** The features' length. */
export function featureSize(caller: string, network: FeatureNetwork, conditionDimension: number): number {
  if (isEncoder(network)) return network.dimension + conditionDimension;
  const shape = network.outputs[0]?.shape ?? [];
  const size = shape[1];
  if (network.outputs.length !== 1 || shape.length !== 2 || typeof size !== 'number') {
    throw new CrossmodalError(`${caller}: the encoder must have one output [batch, features], got [${shape}]`);
  }
  return size;
}

/** An observation with each of its tensors changed. */
export function mapObservation(observation: Observation, change: (tensor: Tensor) => Tensor): Observation {
  if (observation instanceof tf.Tensor) return change(observation);
  const inputs = Object.entries(observation.inputs).map(([name, tensor]) => [name, change(tensor)] as const);
  return { inputs: Object.fromEntries(inputs), target: change(observation.target) };
}

/** Rows start .. start + count of every tensor of an observation. */
export function sliceObservation(observation: Observation, start: number, count: number): Observation {
  return mapObservation(observation, (tensor) => tf.slice(tensor, start, count));
}

/** Each row `times` times: all rows once, then again. */
export function repeated<T extends Tensor>(tensor: T, times: number): T {
  if (times === 1) return tensor;
  return tf.tile(tensor, [times, ...new Array<number>(tensor.rank - 1).fill(1)]) as T;
}

/** The number of rows of observations that belong together. */
export function sharedRows(observations: readonly Observation[]): number {
  const rows = observations.map(rowsOf);
  if (rows.length === 0 || rows.some((count) => count !== rows[0])) {
    throw new CrossmodalError(
      `multimodalVae: all modalities must have equally many rows, got ${rows.join(', ') || 'none'}`,
    );
  }
  return rows[0] as number;
}
