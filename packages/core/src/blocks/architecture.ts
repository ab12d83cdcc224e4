import type { Tensor, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import type { Inputs } from '../encoder.js';
import type { WeightSpecs } from '../model-files/weight-plan.js';
import type { Parameters, Run } from './parameters.js';

/** What a family of published models is to the loaders: the weights that it wants, and what it computes with them. */
export interface Architecture {
  /** Length of the vector. */
  readonly dimension: number;
  /** Weights of the body, without the prefix that some files have. */
  readonly body: WeightSpecs;
  /** Weights that never have the prefix: projections and heads. */
  readonly head?: WeightSpecs;
  /** Prefixes that files may have before the names of the body, the usual one first. */
  readonly prefixes: readonly string[];
  /** Names in the file that are of no use here and need no word: heads of other tasks, the other tower, buffers. */
  readonly ignored?: readonly RegExp[];
  /** Names in the file that are of no use here but are saved along, such as counters. */
  readonly carried?: RegExp;
  /** What the encoder needs to be given, the first being what it cannot do without. */
  readonly inputs: readonly [string, ...string[]];
  /** One vector per token, patch or frame. */
  sequence(body: Parameters, inputs: Inputs, run: Run): { sequence: Tensor3D; mask?: Tensor2D | undefined };
  /** One vector per item. */
  vector(
    encoded: { sequence: Tensor3D; mask?: Tensor2D | undefined },
    parameters: { body: Parameters; head: Parameters },
    inputs: Inputs,
    run: Run,
  ): Tensor2D;
  /** What the head of the file says: classes, or symbols per frame. */
  logits?(
    encoded: { sequence: Tensor3D; mask?: Tensor2D | undefined },
    parameters: { body: Parameters; head: Parameters },
    inputs: Inputs,
    run: Run,
  ): Tensor;
}
