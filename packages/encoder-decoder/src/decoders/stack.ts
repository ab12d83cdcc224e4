import type { EncodedSequence } from '@crossmodal/core';
import type { Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';

/**
 * What a decoder remembers of sequences side by side while they are generated. All shapes are fixed, so that compiled functions that
 * call these methods are traced once and serve every step.
 */
export interface StackState {
  /** Takes the encoder's sequence of each row, [rows, memory length, width]; before the first step. */
  remember(memory: EncodedSequence): void;
  /**
   * The states of some places of each row, which look at the places before them and at the memory.
   *
   * @param x [rows, places, width]
   * @param first the number of each row's first place, [rows], int32
   * @returns [rows, places, width]
   */
  step(x: Tensor3D, first: Tensor1D): Tensor3D;
  /** Row i goes on from what row `parents[i]` remembers of its places; both have the same memory. */
  select(parents: Tensor1D): void;
  dispose(): void;
}
