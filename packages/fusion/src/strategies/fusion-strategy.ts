import type { Described, EncodedSequence, NamedVariables, Random } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** What a fusion sees of one modality. Rows in which the modality is missing hold zeros. */
export interface ModalityFeatures {
  /** [batch, 1]: 1 where the sample has the modality, else 0. */
  readonly present: Tensor2D;
  /** Computed on demand: [batch, dimension of the encoder]. */
  vector(): Tensor2D;
  /**
   * Computed on demand: words, regions or frames [batch, length, width] with a mask [batch, length] that is zero in rows
   * without the modality; a single place of zeros when the batch does not have the modality at all.
   */
  sequence(width: number): { sequence: EncodedSequence['sequence']; mask: Tensor2D };
}

/** One modality as it is known when a model is built. */
export interface ModalityShape {
  readonly name: string;
  /** Length of the encoder's vectors. */
  readonly dimension: number;
  readonly hasSequence: boolean;
}

/** Weights that join the modalities of a batch to one vector per sample. */
export interface Fusion {
  /** Length of the joined vectors. */
  readonly dimension: number;
  /** [batch, dimension], differentiable; what is missing has no influence. */
  fuse(features: Readonly<Record<string, ModalityFeatures>>, options: { training: boolean }): Tensor2D;
  namedVariables(): NamedVariables;
  dispose(): void;
}

/** A way to join modalities: `concatenation()`, `gated()`, `lowRankBilinear()`, `crossAttention()`, or one of your own. */
export interface FusionStrategy extends Described {
  /** Makes the weights for these modalities. */
  build(modalities: readonly ModalityShape[], options: { random: Random }): Fusion;
}
