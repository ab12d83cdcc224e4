import type { TensorContainer, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { CompiledFunction, TensorFunction } from '../compile/backend-capabilities.js';
import { compile } from '../compile/compile.js';
import { CrossmodalError } from '../errors.js';
import type { Metrics } from './step.js';

/** The body of a step, as it is run. */
export interface CompiledStep<Batch, Result = Metrics> {
  (batch: Batch): Result;
  dispose(): void;
}

/**
 * Compiles the body of a training step. Unlike plain `compile`, whose first call runs the function itself, already the first
 * call gives the result of the compiled graph: the two may differ in the last bit, and a resumed run has its first call
 * elsewhere than the run that was interrupted. (The first call still runs once, for what it creates; what it did to
 * variables is taken back before the graph runs.)
 *
 * @param options.compile with false the body is run each time, in a tidy
 * @param options.caller the function that the user called, for messages
 * @example
 * const weight = tf.variable(tf.scalar(0));
 * const run = compileStep(({ x }: { x: tf.Tensor1D }) => {
 *   weight.assign(tf.add(weight, tf.mean(x)));
 *   return { weight: tf.clone(weight) as tf.Scalar };
 * });
 * const metrics = run({ x: tf.tensor1d([1, 3]) }); // { weight: 2 }
 */
export function compileStep<Batch, Result extends object = Metrics>(
  body: (batch: Batch) => Result,
  { compile: compiles = true, caller = 'compileStep' }: { compile?: boolean; caller?: string } = {},
): CompiledStep<Batch, Result> {
  const tidied = body as unknown as (batch: Batch) => TensorContainer;
  const plain = (batch: Batch) => tf.tidy(() => tidied(batch)) as unknown as Result;
  if (!compiles) return Object.assign(plain, { dispose() {} });
  const signatures = new Set<string>();
  let fn: CompiledFunction<TensorFunction> | undefined;
  const run = (batch: Batch): Result => {
    // Only now, when the device is chosen.
    fn ??= compile(body as TensorFunction);
    const signature = fn.compiled ? signatureOf(batch) : '';
    if (!fn.compiled || signatures.has(signature)) return fn(batch) as Result;
    checkText(caller, batch, signatures.size);
    const before = new VariableCopies();
    try {
      const result = fn(batch) as Result;
      signatures.add(signature);
      if (before.othersExist()) return result;
      tf.dispose(result as unknown as TensorContainer);
      before.restore();
    } catch (error) {
      before.restore();
      throw error;
    } finally {
      before.dispose();
    }
    return fn(batch) as Result;
  };
  return Object.assign(run, { dispose: () => fn?.dispose() });
}

/** What a compiled function tells calls apart by: shapes, types, and everything that is not a tensor. */
function signatureOf(nest: unknown): string {
  if (nest instanceof tf.Tensor) return `${nest.dtype}[${nest.shape}]`;
  if (Array.isArray(nest)) return `(${nest.map(signatureOf).join(' ')})`;
  if (typeof nest === 'object' && nest !== null) {
    return `{${Object.entries(nest)
      .map(([key, value]) => `${key}:${signatureOf(value)}`)
      .join(' ')}}`;
  }
  return String(nest);
}

/** Different signatures after which a text in the batch is taken for the reason. */
const fewSignatures = 8;

/** Refuses batches that carry names or file paths: each would be a signature, and a graph, of its own. */
function checkText(caller: string, batch: unknown, signatures: number): void {
  if (signatures < fewSignatures || typeof batch !== 'object' || batch === null) return;
  const isText = (value: unknown): boolean => typeof value === 'string' || (Array.isArray(value) && value.some(isText));
  const key = Object.entries(batch).find(([, value]) => isText(value))?.[0];
  if (key === undefined) return;
  throw new CrossmodalError(
    `${caller}: the batch holds text ('${key}') that changes from batch to batch, and the step would be compiled anew for each`,
    { remedy: 'leave it out before the step: data.map(({ ids, ...tensors }) => tensors), or pass compile: false' },
  );
}

/** All variables of the process as they are now. */
class VariableCopies {
  readonly #copies: [Variable, tf.Tensor][];

  constructor() {
    const variables = Object.values(tf.engine().registeredVariables);
    this.#copies = variables.map((variable) => [variable, tf.keep(tf.clone(variable))]);
  }

  /** True when variables were made since; their first values are not known. */
  othersExist(): boolean {
    return Object.keys(tf.engine().registeredVariables).length !== this.#copies.length;
  }

  restore(): void {
    for (const [variable, copy] of this.#copies) {
      if (!variable.isDisposed && variable.dataId !== copy.dataId) variable.assign(copy);
    }
  }

  dispose(): void {
    tf.dispose(this.#copies.map(([, copy]) => copy) as TensorContainer);
  }
}
