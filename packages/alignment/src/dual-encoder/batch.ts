import { CrossmodalError, type Inputs } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';

/** What may stand in a batch beside the inputs of each modality. */
export interface BatchExtras<Modality extends string = string> {
  /** Per modality [batch]: 1 where the sample has it, 0 where it is missing (its inputs are then ignored: a row that is present stands in its place). Absent: all 1. */
  present?: { [M in Modality]?: Tensor1D } | undefined;
  /** [batch] identifiers: samples with equal ones are positive for each other (repeated captions, classes). */
  groups?: Tensor1D | undefined;
  /** [batch, batch]: how much sample j counts as positive for sample i; instead of `groups`. */
  positives?: Tensor2D | undefined;
}

/** The samples of one step: row i of each modality belongs to the same sample. Modalities may be left out altogether. */
export type DualEncoderBatch<Modality extends string = string> = { [M in Modality]?: Inputs } & BatchExtras<Modality>;

/** Names that a modality cannot have, since the batch and the result of the loss use them. */
export const reservedNames: readonly string[] = ['present', 'groups', 'positives', 'loss', 'temperature'];

/** Refuses extras whose shapes do not fit the batch. */
export function checkExtras({ present = {}, groups, positives }: BatchExtras, size: number): void {
  for (const [name, mask] of Object.entries(present)) checkMask(name, mask, size);
  if (groups && positives) throw new CrossmodalError('dualEncoder.loss: give groups or positives, got both');
  if (groups && (groups.rank !== 1 || groups.shape[0] !== size)) {
    throw new CrossmodalError(`dualEncoder.loss: groups must have shape [${size}], got [${groups.shape}]`);
  }
  if (positives && (positives.rank !== 2 || positives.shape[0] !== size || positives.shape[1] !== size)) {
    throw new CrossmodalError(
      `dualEncoder.loss: positives must have shape [${size}, ${size}], got [${positives.shape}]`,
    );
  }
}

/** Refuses a mask that does not have one value per row. */
export function checkMask(name: string, mask: Tensor1D | undefined, size: number | undefined): void {
  if (!mask || size === undefined || (mask.rank === 1 && mask.shape[0] === size)) return;
  throw new CrossmodalError(`dualEncoder.loss: present.${name} must have shape [${size}], got [${mask.shape}]`);
}
