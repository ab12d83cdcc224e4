import type { EncodedSequence, NamedVariables } from '@crossmodal/core';
import type { Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';

/** What a decoder remembers of sequences of tokens side by side while they are generated; see `StackState`. */
export interface DecoderState {
  /** Takes the encoder's sequence of each row, [rows, memory length, width]; before the first step. */
  remember(memory: EncodedSequence): void;
  /**
   * The logits of the token that follows.
   *
   * @param ids the next tokens of each row, [rows, count], int32; more than one for prompts
   * @param first the place of each row's first token of these, [rows], int32
   * @param last which of the tokens is the last real one of its row, [rows], int32; what stands behind is overwritten later
   * @returns [rows, vocabulary]
   */
  step(ids: Tensor2D, first: Tensor1D, last: Tensor1D): Tensor2D;
  /** Row i goes on from what row `parents[i]` remembers. */
  select(parents: Tensor1D): void;
  dispose(): void;
}

/** Turns the tokens so far, and the encoder's sequence, into the token that comes next. */
export interface Decoder {
  readonly vocabularySize: number;
  /** Most tokens of a sequence, with the one that begins it. */
  readonly maximumLength: number;
  /** How many tokens of a prompt are read at a time. */
  readonly promptBlock: number;
  /**
   * The logits of the token behind each place, when the tokens before are given (teacher forcing).
   *
   * @param ids [batch, places], int32
   * @param memory the encoder's sequence, [batch, length, width]; decoders without an encoder have none
   * @returns [batch, places, vocabulary]
   */
  logits(ids: Tensor2D, memory: EncodedSequence | undefined, options?: { training?: boolean }): Tensor3D;
  /** Room for `rows` sequences of up to `length` tokens, which look at `memoryLength` vectors of the encoder (0: at none). */
  state(options: { rows: number; length: number; memoryLength: number }): DecoderState;
  namedVariables(): NamedVariables;
  dispose(): void;
}

/** What a decoder is built for. */
export interface DecoderShape {
  vocabularySize: number;
  maximumLength: number;
  /** Width of the encoder's vectors. */
  memoryWidth: number;
  /** Equal seeds give equal weights and dropout. */
  seed: number;
}

/** A decoder that is not built yet; what `transformerDecoder` and `recurrentDecoder` give. */
export interface DecoderPlan {
  /** What makes it again, as JSON can hold it. */
  readonly saved: { readonly type: string; readonly options: Readonly<Record<string, unknown>> };
  build(shape: DecoderShape): Decoder;
}
