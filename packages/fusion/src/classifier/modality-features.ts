import { CrossmodalError, type Encoder, type Inputs } from '@crossmodal/core';
import { presentRows } from '@crossmodal/core/layers';
import type { Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { sharedRows } from '../internal/batch-rows.js';
import type { ModalityFeatures } from '../strategies/fusion-strategy.js';

/** Per modality [batch]: 1 where the sample has it, 0 where it is missing. Absent: all 1. */
export type Present<Modality extends string = string> = { [M in Modality]?: Tensor1D };

/** Inputs and presence of one batch, checked. */
export interface CheckedBatch {
  size: number;
  inputs: Readonly<Record<string, Inputs>>;
  present: Readonly<Record<string, Tensor1D>>;
}

/**
 * The modalities of a batch.
 *
 * @throws CrossmodalError when there is none, batch sizes differ, or a mask has another shape or an unknown name
 */
export function checkBatch(
  where: string,
  modalities: readonly string[],
  batch: Readonly<Record<string, unknown>>,
  present: Present = {},
): CheckedBatch {
  const inputs: Record<string, Inputs> = {};
  for (const name of modalities) {
    const own = batch[name] as Inputs | undefined;
    if (own) inputs[name] = own;
  }
  if (Object.keys(inputs).length === 0) {
    throw new CrossmodalError(`${where}: a batch needs at least one of ${modalities.join(', ')}, got none`);
  }
  const size = sharedRows(where, inputs);
  const masks: Record<string, Tensor1D> = {};
  for (const [name, mask] of Object.entries(present)) {
    if (!mask) continue;
    if (!modalities.includes(name)) {
      throw new CrossmodalError(`${where}: present must name modalities (${modalities.join(', ')}), got '${name}'`);
    }
    if (mask.rank !== 1 || mask.shape[0] !== size) {
      throw new CrossmodalError(`${where}: present.${name} must have shape [${size}], got [${mask.shape}]`);
    }
    masks[name] = mask;
  }
  return { size, inputs, present: masks };
}

/**
 * What a fusion sees of a batch; inside a tidy. Missing rows are replaced by copies of present ones before they are
 * encoded, so that placeholders of any value, NaN too, reach neither the loss, nor a gradient, nor the statistics of a
 * batch; what comes out of the encoder for them becomes zero.
 *
 * @param used [batch, 1] per modality: what takes part, after modality dropout
 */
export function modalityFeatures(
  encoders: Readonly<Record<string, Encoder>>,
  { size, inputs, present }: CheckedBatch,
  used: Readonly<Record<string, Tensor2D>>,
  { training }: { training: boolean },
): Record<string, ModalityFeatures> {
  const features: Record<string, ModalityFeatures> = {};
  for (const [name, encoder] of Object.entries(encoders)) {
    const mask = used[name]!;
    const own = inputs[name];
    if (!own) {
      features[name] = {
        present: mask,
        vector: () => tf.zeros<tf.Rank.R2>([size, encoder.dimension]),
        sequence: (width) => ({
          sequence: tf.zeros<tf.Rank.R3>([size, 1, width]),
          mask: tf.zeros<tf.Rank.R2>([size, 1]),
        }),
      };
      continue;
    }
    const clean = present[name] ? presentRowsOnly(own, present[name]) : own;
    features[name] = {
      present: mask,
      vector: () => zeroed(encoder.encode(clean, { training }), mask) as Tensor2D,
      sequence: (width) => {
        const encoded = encoder.encodeSequence!(clean, { training });
        const { sequence } = encoded;
        if (sequence.rank !== 3 || sequence.shape[2] !== width) {
          throw new CrossmodalError(
            `fusion: the sequence of ${name} must be [batch, length, ${width}], got [${sequence.shape}]`,
            { remedy: `say so: crossAttention({ widths: { ${name}: ${sequence.shape[2]} } })` },
          );
        }
        const length = sequence.shape[1];
        const places = encoded.mask ? tf.mul(tf.cast(encoded.mask, 'float32'), mask) : tf.tile(mask, [1, length]);
        return { sequence: zeroed(sequence, tf.expandDims(mask, 2)) as Tensor3D, mask: places as Tensor2D };
      },
    };
  }
  return features;
}

/** Inputs in which each missing row is a copy of one that is present. */
function presentRowsOnly(inputs: Inputs, present: Tensor1D): Inputs {
  return Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, presentRows(tensor, present)]));
}

/** A product would leave NaN where it is. */
function zeroed(tensor: Tensor, present: Tensor): Tensor {
  return tf.where(tf.greater(present, 0), tensor, tf.zerosLike(tensor));
}
