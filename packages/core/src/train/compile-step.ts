import type { TensorContainer, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { CompiledFunction, TensorFunction } from '../device/backend-capabilities.js';
import { compile } from '../device/compile.js';
import type { Metrics } from './step.js';

/** The body of a step, as it is run. */
export interface CompiledStep<Batch> {
  (batch: Batch): Metrics;
  dispose(): void;
}

/**
 * Compiles the body of a training step. Unlike plain `compile`, whose first call runs the function itself, already the first
 * call gives the result of the compiled graph: the two may differ in the last bit, and a resumed run has its first call
 * elsewhere than the run that was interrupted. (The first call still runs once, for what it creates; what it did to
 * variables is taken back before the graph runs.)
 *
 * @param options.compile with false the body is run each time, in a tidy
 */
export function compileStep<Batch>(
  body: (batch: Batch) => Metrics,
  { compile: compiles = true }: { compile?: boolean } = {},
): CompiledStep<Batch> {
  if (!compiles) return Object.assign((batch: Batch) => tf.tidy(() => body(batch)), { dispose() {} });
  const known = new Set<string>();
  let fn: CompiledFunction<TensorFunction> | undefined;
  const run = (batch: Batch): Metrics => {
    // Only now, when the device is chosen.
    fn ??= compile(body);
    const signature = fn.compiled ? signatureOf(batch) : '';
    if (!fn.compiled || known.has(signature)) return fn(batch) as Metrics;
    known.add(signature);
    const held = new HeldVariables();
    try {
      const metrics = fn(batch) as Metrics;
      if (held.othersExist()) return metrics;
      tf.dispose(metrics);
      held.restore();
      separateVariables();
    } finally {
      held.dispose();
    }
    return fn(batch) as Metrics;
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

/**
 * Gives each variable memory of its own. One that was made from a clone of another shares its memory until one of the two is
 * assigned, and a graph that is traced in that state would take the two for one.
 */
function separateVariables(): void {
  const seen = new Set<object>();
  for (const variable of Object.values(tf.engine().registeredVariables)) {
    if (seen.has(variable.dataId) && variable.dtype === 'float32') tf.tidy(() => variable.assign(tf.add(variable, 0)));
    seen.add(variable.dataId);
  }
}

/** All variables of the process as they are now. */
class HeldVariables {
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
