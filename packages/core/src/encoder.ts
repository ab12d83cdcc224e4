import type { Tensor, Tensor2D, Tensor3D, Variable } from '@tensorflow/tfjs-core';
import type { ModelCard, ModelFiles } from './model-files/model-files.js';
import type { Preprocessing } from './preprocessing.js';
import type { Random } from './random/random.js';
import type { NamedVariables } from './variables.js';

/** One row per item: `{ pixels }` [B, H, W, C]; `{ ids, mask }` [B, T]; `{ features, mask }` [B, T, F]; `{ waveform }` [B, S]. */
export type Inputs = Record<string, Tensor>;

/** Regions, words or frames: `sequence` [B, T, F] and which of them are real: `mask` [B, T] of ones and zeros. */
export interface EncodedSequence {
  sequence: Tensor3D;
  mask?: Tensor2D | undefined;
}

/**
 * What turns items of one modality into vectors. Everything that joins modalities takes encoders through this contract
 * and knows nothing of where they come from.
 */
export interface Encoder<Item = unknown> {
  /** `image`, `text`, `audio`, or a name of your own. */
  readonly modality: string;
  /** Length of the vectors that `encode` returns. */
  readonly dimension: number;
  /** Raw items to tensors: decoding, tokenising, augmentation when training. Not differentiable. */
  prepare(items: readonly Item[], options?: { training?: boolean; random?: Random }): Promise<Inputs>;
  /** Tensors to vectors [B, dimension], differentiable; works inside `compile`. */
  encode(inputs: Inputs, options?: { training?: boolean }): Tensor2D;
  /** Tensors to one vector per region, word or frame. */
  encodeSequence?(inputs: Inputs, options?: { training?: boolean }): EncodedSequence;
  /** How `prepare` makes tensors of raw items; written beside an exported file. */
  readonly preprocessing?: Preprocessing;
  namedVariables(): NamedVariables;
  trainableVariables(): Variable[];
  /** The files that the encoder can be loaded from again: for `saveFolder` of `@crossmodal/core/models`. */
  files?(options?: { card?: ModelCard }): Promise<ModelFiles>;
  dispose(): void;
}
