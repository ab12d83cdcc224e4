import type { Scalar, Tensor } from '@tensorflow/tfjs-core';

/** What an optimiser keeps per variable. */
export interface Slot {
  readonly shape: number[];
  /** The value it starts from; zero unless given. */
  readonly initial?: number;
}

/** One variable's share of an update. All tensors are float32 and have the variable's shape unless a slot says otherwise. */
export interface UpdateContext {
  readonly value: Tensor;
  readonly gradient: Tensor;
  readonly slots: Readonly<Record<string, Tensor>>;
  /** Numbers that change from update to update, computed on the host in double precision. */
  readonly scalars: Readonly<Record<string, Scalar>>;
  /** Multiplies the learning rate (parameter groups). */
  readonly rateFactor: number;
  /** Weight decay of this variable. */
  readonly decay: number;
}

/** What an update gives back: the new value, and the new slots by name. */
export interface Updated {
  value: Tensor;
  slots: Record<string, Tensor>;
}

/**
 * How an optimiser moves one variable, as a pure function of tensors: the loop over variables, the slots, the groups and
 * the schedule are the same for all (`RuleOptimizer`). Each rule uses only plain elementwise operators and reductions, in
 * one fixed order per variable, so that a compiling backend can recognise and fuse it.
 */
export interface UpdateRule {
  readonly name: string;
  /** The settings, for `getConfig`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly decay: number;
  slots(shape: number[]): Readonly<Record<string, Slot>>;
  /** The scalars of update t (the first is 1) at the given learning rate. */
  scalars(t: number, learningRate: number): Record<string, number>;
  update(context: UpdateContext): Updated;
}
