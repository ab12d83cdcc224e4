import type { Tensor } from '@tensorflow/tfjs-core';
import { CrossmodalError } from '../errors.js';

/** What tfjs-layers passes to `call` beside the inputs. */
export type CallArguments = Record<string, unknown>;

/** Shapes as tfjs-layers has them: null for what is not known yet. */
export type LayerShape = (number | null)[];

/** What every layer takes, as those of tfjs-layers do. */
export interface LayerOptions {
  name?: string;
  /** Without the batch; for the first layer of a sequential model. */
  inputShape?: LayerShape;
  trainable?: boolean;
}

/** The one tensor of a layer that takes one. */
export function singleInput(layer: string, inputs: Tensor | Tensor[]): Tensor {
  if (!Array.isArray(inputs)) return inputs;
  const [first] = inputs;
  if (inputs.length !== 1 || !first) throw new CrossmodalError(`${layer}: takes one input, got ${inputs.length}`);
  return first;
}

/** The tensors of a layer that takes `count` of them, or up to `most`. */
export function severalInputs(layer: string, inputs: Tensor | Tensor[], count: number, most = count): Tensor[] {
  const list = Array.isArray(inputs) ? inputs : [inputs];
  if (list.length < count || list.length > most) {
    const wanted = most === count ? `${count}` : `${count} to ${most}`;
    throw new CrossmodalError(`${layer}: takes ${wanted} inputs, got ${list.length}`);
  }
  return list;
}

/** The first of possibly several shapes. */
export function firstShape(shape: LayerShape | LayerShape[]): LayerShape {
  return (Array.isArray(shape[0]) ? shape[0] : shape) as LayerShape;
}

/** True when the layer was called for training. */
export function isTraining(kwargs: CallArguments | undefined): boolean {
  return kwargs?.['training'] === true;
}

/**
 * A mask that tfjs-layers handed down from an embedding, when it fits the sequence. Containers go on handing it to layers
 * behind a pooling, where it means nothing.
 */
export function usableMask(implied: unknown, sequence: Tensor): Tensor | undefined {
  const mask = implied as Tensor | null | undefined;
  if (mask?.rank !== 2) return undefined;
  return mask.shape[0] === sequence.shape[0] && mask.shape[1] === sequence.shape[1] ? mask : undefined;
}
