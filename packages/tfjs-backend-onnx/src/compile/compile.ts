import { clone, engine, type Tensor, tidy, Variable } from '@tensorflow/tfjs-core';
import { activeRecordingBackend } from '../active-backend.js';
import { assertFunction, assertSynchronous } from '../function-argument.js';
import type { Tensors } from '../memory/tensors.js';
import { computesAtOnce } from '../run/binding.js';
import { Lru } from '../run/lru.js';
import { flatten, unflatten } from './container.js';
import { Program } from './program.js';

export interface CompileOptions {
  /** Name used in messages. */
  name?: string;
  /** Signatures that are kept; with more, the one unused for longest is built again when it returns. */
  maxSignatures?: number;
  /** Threads of ONNX Runtime. Default: the backend's. */
  threads?: number;
}

/** A function that replays as one graph, until it is disposed. */
export type CompiledFunction<F> = F & {
  /** Frees the graphs. Variables stay. */
  dispose(): void;
};

type Func = (...args: unknown[]) => unknown;
interface SignatureEntry {
  program: Program | undefined;
  free(): void;
}

const LAYERS_REMEDY =
  'await outside of it. model.fit and trainOnBatch need no compile; to compile the training of a layers model, use optimizer.minimize with model.apply (see "My program uses model.fit" in the README)';

/**
 * Compiles a function of tensors to one ONNX graph per input signature (shapes and types of its tensors, values of
 * everything else). The first call with a signature runs the function as it is, so that it may create variables
 * (optimiser slots, lazily built layers); the second follows it and builds the graph; from then on calls replay the
 * graph and run no JavaScript of the function. Variables that it reads are inputs and variables that it assigns are
 * outputs of the graph, without copies.
 *
 * JavaScript numbers and tensors from outside are frozen as they are when the graph is built; the settings of tfjs's
 * optimisers are too, and the graph is built anew when they change (`setLearningRate`). A tensor that the function
 * makes of a JavaScript array has the numbers that the array had then, in each call. What must change comes in as an
 * argument, as a variable, or through `hostInput`.
 *
 * @param fn synchronous; nested lists and plain objects of tensors in and out.
 * @returns a function with the same arguments; its results are new tensors that belong to the caller.
 * @throws when `fn` is no function; when called, if the function returns a promise, reads numbers that depend on its arguments, creates variables at each call, or creates
 * constants that differ from call to call (`tf.randomNormal`, `tf.dropout`).
 *
 * @example
 * const step = compile((x: tf.Tensor2D, y: tf.Tensor2D) =>
 *   optimizer.minimize(() => tf.losses.meanSquaredError(y, predict(x)), true));
 */
export function compile<F extends (...args: never[]) => unknown>(
  fn: F,
  options: CompileOptions = {},
): CompiledFunction<F> {
  assertFunction('compile', fn);
  const name = options.name ?? (fn.name || 'function');
  const { maxSignatures = 16 } = options;
  const call: Func = (...args) => {
    const result = (fn as unknown as Func)(...args);
    assertSynchronous('compile', result, LAYERS_REMEDY);
    return result;
  };
  const entries = new Lru<SignatureEntry>(maxSignatures, (entry) => entry.free());
  let firstCalls = 0;
  let outdated = 0;
  let disposed = false;

  const warn = () =>
    process.emitWarning(
      `compile: ${name} was called ${firstCalls} times with a signature that was new or forgotten, it keeps ${maxSignatures}; such calls run uncompiled. Numbers that change must come in as scalar tensors or through hostInput; pad tensors to few shapes, or raise maxSignatures`,
    );
  const warnOfSettings = () =>
    process.emitWarning(
      `compile: ${name} was built ${outdated + 1} times because its tfjs optimiser got another learning rate or other settings, which are constants of the graph. An optimiser of @crossmodal/core takes schedules without building anew`,
    );
  const compiled = (...args: unknown[]): unknown => {
    if (disposed) throw new Error(`compile: ${name} was disposed`);
    const backend = activeRecordingBackend(`compile: ${name}`);
    const plain = () => withCopiedArrays(backend.tensors, () => tidy(() => owned(call(...args)) as never) as unknown);
    // Inside another compiled function, or under a gradient tape, the steps themselves are needed.
    if (backend.tensors.trace !== undefined || engine().state.gradientDepth > 0 || !computesAtOnce()) return plain();
    const { signature } = flatten(args);
    let entry = entries.get(signature);
    // Another backend than the one it was built for: that one was removed.
    if (entry?.program !== undefined && !entry.program.isFor(backend)) {
      entries.clear();
      entry = undefined;
    }
    if (entry === undefined) {
      const created: SignatureEntry = { program: undefined, free: () => created.program?.dispose() };
      entry = created;
      entries.set(signature, entry);
      firstCalls++;
      if (firstCalls === 2 * maxSignatures) warn();
      return plain();
    }
    if (entry.program?.isOutdated()) {
      entry.program.dispose();
      entry.program = undefined;
      if (++outdated === maxSignatures) warnOfSettings();
    }
    if (entry.program === undefined) {
      entry.program = Program.compile(backend, call, args, { threads: options.threads });
    }
    return entry.program.run(args);
  };
  const dispose = () => {
    disposed = true;
    entries.clear();
  };
  return Object.assign(compiled, { dispose }) as unknown as CompiledFunction<F>;
}

/** Runs a function in which tensors have the numbers that their arrays had when the tensors were made. */
function withCopiedArrays<T>(tensors: Tensors, fn: () => T): T {
  const before = tensors.copiesArrays;
  tensors.copiesArrays = true;
  try {
    return fn();
  } finally {
    tensors.copiesArrays = before;
  }
}

/**
 * The result of a plain call as the results of replays are: tensors that belong to whoever called. What the function
 * did not make itself (an argument, a variable, something kept elsewhere) is cloned, and so is what it returns twice.
 */
function owned(result: unknown): unknown {
  const { tensors, structure } = flatten(result, { variables: true });
  const scope = engine().state.activeScope.id;
  const isOwn = (tensor: Tensor, i: number) =>
    tensor.scopeId === scope && !tensor.kept && !(tensor instanceof Variable) && tensors.indexOf(tensor) === i;
  if (tensors.every(isOwn)) return result;
  return unflatten(
    structure,
    tensors.map((tensor, i) => (isOwn(tensor, i) ? tensor : clone(tensor))),
  );
}
