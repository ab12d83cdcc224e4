import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

/** Arrays of a case's inputs, as nested as their ranks. */
export type Nested = number | Nested[];

/** One loss with one set of options: everything that the shared tests need to know about it. */
export interface LossCase {
  name: string;
  /** Shapes of the inputs for a batch of so many rows. */
  shapes: (rows: number) => number[][];
  loss: (...inputs: never[]) => Scalar;
  /** The same in plain loops and double precision. */
  naive?: (...inputs: never[]) => number;
  /** Which inputs have an ordinary gradient; the others are constants (targets, detached weights). All by default. */
  differentiable?: number[];
  /** Batches that the loss refuses by contract, with the reason. */
  refuses?: Partial<Record<BatchKind, string>>;
  /** Tolerances of the gradient check where a loss is stiff. */
  gradient?: { step?: number; rtol?: number; atol?: number };
  /** Relative tolerance against the naive loop, 1e-5 by default. */
  rtol?: number;
  /** Why there is no gradient check here, when there is none. */
  noGradientCheck?: string;
  /** The inputs are made from uniform numbers in (0, 1) instead of normal ones. */
  uniform?: number[];
}

/** The batches that every loss must survive: finite value, finite gradients. */
export type BatchKind = 'random' | 'one row' | 'all equal' | 'some zero vectors' | 'all zero' | 'large' | 'tiny';

export type AnyLoss = (...inputs: Tensor[]) => Scalar;
export type AnyNaive = (...inputs: Nested[]) => number;
