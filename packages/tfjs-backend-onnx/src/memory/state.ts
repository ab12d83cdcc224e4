import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { Tensor } from 'onnxruntime-common';
import type { Value } from '../ir/graph.js';
import type { BackendValues } from './numbers.js';
import type { ResidentState } from './slot.js';

/** Recorded, and not computed yet. */
export interface PendingState {
  readonly kind: 'pending';
  readonly value: Value;
  /** The trace that `value` is part of: it means nothing outside of it. */
  readonly trace: object | undefined;
}

/** The numbers could not be computed. */
export interface FailedState {
  readonly kind: 'failed';
  readonly reason: unknown;
}

/** The last tensor is gone, and the numbers with it. */
export interface DisposedState {
  readonly kind: 'disposed';
}

/** Numbers that nobody writes any more. Any number of tensors, graphs and readers may hold them. */
export interface HostState {
  readonly kind: 'host';
  readonly numbers: BackendValues;
}

/** Memory of the caller's, who may write to it: what is computed later needs a copy. */
export interface LentState {
  readonly kind: 'lent';
  readonly numbers: BackendValues;
}

/**
 * Two buffers of a variable that graphs write: one has the numbers, into the other the next numbers are written. Both
 * were made for this variable, and nobody else has seen either of them.
 */
export interface BufferedState {
  readonly kind: 'buffered';
  readonly current: Tensor;
  readonly spare: Tensor | undefined;
}

/** The two parts of a complex tensor have memory of their own. */
export interface ComplexState {
  readonly kind: 'complex';
  readonly real: TensorInfo;
  readonly imag: TensorInfo;
}

/** Where the numbers of a tensor are, and who else may hold or write them. Only `TensorMemory` changes it. */
export type MemoryState =
  | PendingState
  | FailedState
  | DisposedState
  | HostState
  | LentState
  | BufferedState
  | ResidentState
  | ComplexState;

/** The states in which memory can begin. */
export type FirstState = PendingState | HostState | LentState | ComplexState;

export const DISPOSED: DisposedState = { kind: 'disposed' };
export const pending = (value: Value, trace: object | undefined): PendingState => ({ kind: 'pending', value, trace });
export const onHost = (numbers: BackendValues): HostState => ({ kind: 'host', numbers });
export const lent = (numbers: BackendValues): LentState => ({ kind: 'lent', numbers });
export const complex = (real: TensorInfo, imag: TensorInfo): ComplexState => ({ kind: 'complex', real, imag });
