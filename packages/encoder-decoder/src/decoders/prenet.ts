import type { WeightSpecs } from '@crossmodal/core';
import { linear, linearSpecs, type Parameters } from '@crossmodal/core/blocks';
import type { Tensor, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Layers of the net: two, as in Tacotron. */
export const prenetLayers = 2;

/** The weights of a net from `inputs` to `units`. */
export function prenetSpecs(inputs: number, units: number): WeightSpecs {
  return { ...linearSpecs('prenet.0', inputs, units), ...linearSpecs('prenet.1', units, units) };
}

/**
 * The frames that a decoder has said before, on their way into it: two layers with ReLU, each followed by `drop`.
 *
 * @param frames [batch, steps, bands]
 * @see Wang et al. (2017), Tacotron, section 3.2; Shen et al. (2018), Tacotron 2, section 2.2: dropout in use as well
 */
export function prenet(
  parameters: Parameters,
  frames: Tensor3D,
  drop: (values: Tensor3D, layer: number) => Tensor,
): Tensor3D {
  let x: Tensor = frames;
  for (let layer = 0; layer < prenetLayers; layer++) {
    x = drop(tf.relu(linear(parameters, `prenet.${layer}`, x)) as Tensor3D, layer);
  }
  return x as Tensor3D;
}
