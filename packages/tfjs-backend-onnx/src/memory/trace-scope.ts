import type { TensorInfo } from '@tensorflow/tfjs-core';
import type { FillSource } from '../compile/sources.js';
import type { Value } from '../ir/graph.js';
import type { BackendValues } from './numbers.js';
import type { TensorMemory } from './tensor-memory.js';

/** What the backend asks of a trace, while `compile` or `exportOnnx` follows a function. */
export interface TraceScope {
  /** Whether little work on numbers that are there is computed while the function is followed; otherwise all is recorded. */
  readonly folds: boolean;
  /** Numbers came from JavaScript. */
  wrote(memory: TensorMemory): void;
  /** A value was recorded for this memory. */
  made(memory: TensorMemory): void;
  /** The value of a tensor inside the graph. */
  recorded(memory: TensorMemory): Value;
  /** The function reads numbers. @throws when they depend on its arguments or on variables. */
  read(memory: TensorMemory): BackendValues;
  /** Whether the numbers of a tensor are there now and will be the same at each replay. */
  isConstant(memory: TensorMemory): boolean;
  /** Whether the numbers of a tensor can be found out now: it depends on no argument, variable or host input. */
  isKnown(memory: TensorMemory): boolean;
  /** A kernel is about to be computed in JavaScript. @throws when it depends on arguments or on variables. */
  fallback(kernel: string, inputs: readonly TensorInfo[]): void;
  addFill(fill: FillSource): void;
}
