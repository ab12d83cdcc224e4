import * as tf from '@tensorflow/tfjs-core';
import { compiledFunctions, type Model, type Numbers } from './compiled-functions.js';

/**
 * Random programs of everything that changes the memory of tensors, run beside a reference that copies everything. Each
 * operation picks what it works on by a number, modulo what there is: a program from which operations were taken out is
 * a program.
 */
export interface Operation {
  kind: keyof typeof operations;
  a: number;
  b: number;
  c: number;
}

export interface Program {
  /** Numbers per variable: few are computed at once, many in a graph. */
  size: number;
  operations: Operation[];
}

export type Compile = <F extends (...args: never[]) => unknown>(fn: F) => F & { dispose(): void };

interface Held {
  tensor: tf.Tensor;
  numbers: Numbers;
}

const VARIABLES = 4;
/** Tensors that a program holds at the same time; more push the oldest out. */
const TENSORS = 12;

/** Mulberry32. */
export function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Numbers that differ from seed to seed. */
function numbersOf(size: number, seed: number): Numbers {
  const random = generator(seed);
  return Float32Array.from({ length: size }, () => Math.fround(8 * random() - 4));
}

class Run {
  readonly variables: tf.Variable[];
  readonly model: Model;
  readonly tensors: Held[] = [];
  /** Arrays that `dataSync` gave out, and what was in them. */
  readonly arrays: { given: Numbers; copy: Numbers }[] = [];
  readonly snapshots: Held[][] = [];
  private readonly functions = new Map<number, ReturnType<Compile>>();

  constructor(
    readonly size: number,
    private readonly compile: Compile,
  ) {
    this.model = Array.from({ length: VARIABLES }, (_, i) => numbersOf(size, 1000 + i));
    this.variables = tf.tidy(() => this.model.map((numbers) => tf.variable(tf.tensor(numbers.slice(), [size]))));
  }

  index(pick: number): number {
    return pick % VARIABLES;
  }

  /** A variable, or a tensor of the program, and its numbers. */
  source(pick: number): Held {
    const all = VARIABLES + this.tensors.length;
    const at = pick % all;
    if (at < VARIABLES) return { tensor: this.variables[at]!, numbers: this.model[at]! };
    return this.tensors[at - VARIABLES]!;
  }

  /** The same, in full size and as a vector; of a variable a clone, which has the same memory. */
  vector(pick: number): Held {
    const source = this.source(pick);
    const { tensor, numbers } =
      source.numbers.length === this.size ? source : { tensor: this.variables[0]!, numbers: this.model[0]! };
    return { tensor: tf.reshape(tensor, [this.size]), numbers };
  }

  hold(tensor: tf.Tensor, numbers: Numbers): void {
    this.tensors.push({ tensor: tf.keep(tensor), numbers: numbers.slice() });
    if (this.tensors.length > TENSORS) this.drop(0);
  }

  drop(at: number): void {
    if (this.tensors.length === 0) return;
    const [{ tensor }] = this.tensors.splice(at % this.tensors.length, 1) as [Held];
    tensor.dispose();
  }

  fresh(seed: number): Held {
    const numbers = numbersOf(this.size, seed);
    return { tensor: tf.tensor(numbers.slice(), [this.size]), numbers };
  }

  assign(at: number, tensor: tf.Tensor, numbers: Numbers): void {
    this.variables[at]!.assign(tensor);
    this.model[at] = numbers.slice();
  }

  call(pick: number, argument: Held, isHeld: boolean): void {
    const at = pick % compiledFunctions.length;
    const { create, reference } = compiledFunctions[at]!;
    let compiled = this.functions.get(at);
    if (compiled === undefined) {
      compiled = this.compile(create(this.variables) as never);
      this.functions.set(at, compiled);
    }
    const results = (compiled as unknown as (x: tf.Tensor) => tf.Tensor[])(argument.tensor);
    const expected = reference(this.model, argument.numbers);
    results.forEach((result, i) => {
      if (isHeld) this.hold(result, expected[i]!);
    });
  }

  forget(pick: number): void {
    const keys = [...this.functions.keys()];
    if (keys.length === 0) return;
    const key = keys[pick % keys.length]!;
    this.functions.get(key)!.dispose();
    this.functions.delete(key);
  }

  forgetAll(): void {
    while (this.functions.size > 0) this.forget(0);
  }

  check({ tensor, numbers }: Held, what: string): void {
    const given = tensor.dataSync() as Numbers;
    assertClose(given, numbers, what);
    this.arrays.push({ given, copy: given.slice() });
  }

  /** Compares everything, and disposes of it. */
  finish(): void {
    try {
      this.tensors.forEach((held, i) => {
        this.check(held, `tensor ${i}`);
      });
      this.snapshots.flat().forEach((held, i) => {
        this.check(held, `snapshot ${i}`);
      });
      this.variables.forEach((tensor, i) => {
        this.check({ tensor, numbers: this.model[i]! }, `variable ${i}`);
      });
      this.arrays.forEach(({ given, copy }, i) => {
        assertClose(given, copy, `array ${i} that was read before`);
      });
    } finally {
      this.dispose();
    }
  }

  dispose(): void {
    this.forgetAll();
    tf.dispose(this.tensors.map(({ tensor }) => tensor));
    tf.dispose(this.snapshots.flat().map(({ tensor }) => tensor));
    tf.dispose(this.variables);
  }
}

function assertClose(actual: Numbers, expected: Numbers, what: string): void {
  if (actual.length !== expected.length) throw new Error(`${what}: ${actual.length} numbers, not ${expected.length}`);
  for (let i = 0; i < expected.length; i++) {
    const [a, b] = [actual[i]!, expected[i]!];
    if (Math.abs(a - b) <= 1e-4 + 1e-4 * Math.abs(b)) continue;
    throw new Error(`${what}: ${a} at ${i}, should be ${b}`);
  }
}

const map = (numbers: Numbers, f: (x: number, i: number) => number): Numbers => numbers.map(f);

/** What programs are made of. */
const operations = {
  'call, results held': (run: Run, { a, b }: Operation) => run.call(a, run.fresh(b), true),
  'call, results dropped': (run: Run, { a, b }: Operation) => run.call(a, run.fresh(b), false),
  'call with what there is': (run: Run, { a, b, c }: Operation) => run.call(a, run.vector(b), c % 2 === 0),
  'assign new numbers': (run: Run, { a, b }: Operation) => {
    const { tensor, numbers } = run.fresh(b);
    run.assign(run.index(a), tensor, numbers);
  },
  'assign ones or zeros': (run: Run, { a, b }: Operation) => {
    const numbers = new Float32Array(run.size).fill(b % 2);
    run.assign(run.index(a), b % 2 === 0 ? tf.zeros([run.size]) : tf.ones([run.size]), numbers);
  },
  'assign what there is': (run: Run, { a, b }: Operation) => {
    const { tensor, numbers } = run.vector(b);
    run.assign(run.index(a), tensor, numbers);
  },
  'assign a slice of all': (run: Run, { a, b }: Operation) => {
    const { tensor, numbers } = run.vector(b);
    run.assign(run.index(a), tf.slice(tensor, 0, run.size), numbers);
  },
  swap: (run: Run, { a, b }: Operation) => {
    const [i, j] = [run.index(a), run.index(b)];
    const [first, second] = [run.variables[i]!.clone(), run.variables[j]!.clone()];
    const [x, y] = [run.model[i]!, run.model[j]!];
    run.assign(i, second, y);
    run.assign(j, first, x);
  },
  clone: (run: Run, { a }: Operation) => {
    const { tensor, numbers } = run.source(a);
    run.hold(tf.clone(tensor), numbers);
  },
  reshape: (run: Run, { a }: Operation) => {
    const { tensor, numbers } = run.source(a);
    run.hold(tf.reshape(tensor, [2, -1]), numbers);
  },
  'slice of a part': (run: Run, { a, b }: Operation) => {
    const { tensor, numbers } = run.vector(a);
    const half = run.size / 2;
    const begin = b % half;
    run.hold(tf.slice(tensor, begin, half), numbers.slice(begin, begin + half));
  },
  add: (run: Run, { a, b }: Operation) => {
    const [x, y] = [run.vector(a), run.vector(b)];
    run.hold(
      tf.mul(tf.add(x.tensor, y.tensor), 0.5),
      map(x.numbers, (value, i) => 0.5 * (value + y.numbers[i]!)),
    );
  },
  complex: (run: Run, { a, b }: Operation) => {
    const [x, y] = [run.vector(a), run.vector(b)];
    const z = tf.complex(x.tensor, y.tensor);
    run.hold(tf.real(z), x.numbers);
    run.hold(tf.imag(z), y.numbers);
  },
  'step uncompiled': (run: Run, { a, b }: Operation) => {
    const at = run.index(a);
    const { tensor, numbers } = run.fresh(b);
    const next = map(run.model[at]!, (value, i) => 0.5 * value + numbers[i]!);
    run.assign(at, tf.add(tf.mul(run.variables[at]!, 0.5), tensor), next);
  },
  'step of an optimiser, uncompiled': (run: Run, { a, b }: Operation) => {
    const at = run.index(a);
    const { tensor, numbers } = run.fresh(b);
    const optimizer = tf.train.sgd(0.5);
    optimizer.minimize(() => tf.sum(tf.mul(run.variables[at]!, tensor)) as tf.Scalar, false, [run.variables[at]!]);
    optimizer.dispose();
    run.model[at] = map(run.model[at]!, (value, i) => value - 0.5 * numbers[i]!);
  },
  read: (run: Run, { a }: Operation) => run.check(run.source(a), 'what was read'),
  dispose: (run: Run, { a }: Operation) => run.drop(a),
  'compute from a buffer that is filled again': (run: Run, { a, b }: Operation) => {
    const buffer = numbersOf(run.size, b);
    const numbers = buffer.slice();
    const { tensor, numbers: others } = run.vector(a);
    run.hold(
      tf.sub(tf.tensor(buffer, [run.size]), tensor),
      map(numbers, (value, i) => value - others[i]!),
    );
    buffer.fill(99);
  },
  'go to another backend and back': async (run: Run, { a, b, c }: Operation) => {
    const name = tf.getBackend();
    const { tensor, numbers } = run.vector(a);
    await tf.setBackend('cpu');
    const sum = tf.add(tensor, 1);
    run.hold(
      sum,
      map(numbers, (value) => value + 1),
    );
    if (c % 2 === 0)
      run.assign(
        run.index(b),
        sum,
        map(numbers, (value) => value + 1),
      );
    await tf.setBackend(name);
  },
  'variable renewed': (run: Run, { a, b }: Operation) => {
    const at = run.index(a);
    const { tensor, numbers } = run.vector(b);
    const variable = tf.variable(tensor);
    run.forgetAll();
    run.variables[at]!.dispose();
    run.variables[at] = variable;
    run.model[at] = numbers.slice();
  },
  'function disposed of': (run: Run, { a }: Operation) => run.forget(a),
  snapshot: (run: Run) => {
    if (run.snapshots.length < 3)
      run.snapshots.push(run.variables.map((v, i) => ({ tensor: tf.keep(v.clone()), numbers: run.model[i]!.slice() })));
  },
  restore: (run: Run, { a, b }: Operation) => {
    if (run.snapshots.length === 0) return;
    const at = a % run.snapshots.length;
    run.snapshots[at]!.forEach(({ tensor, numbers }, i) => {
      run.assign(i, tensor, numbers);
    });
    if (b % 2 === 0) return;
    tf.dispose(run.snapshots[at]!.map(({ tensor }) => tensor));
    run.snapshots.splice(at, 1);
  },
} satisfies Record<string, (run: Run, operation: Operation) => unknown>;

/** Compiled calls are the point, so they come more often; the first two of a function only build it. */
const OFTEN: Operation['kind'][] = ['call, results held', 'call, results dropped', 'call, results dropped'];

export function randomProgram(seed: number, length: number): Program {
  const random = generator(seed);
  const kinds = [...(Object.keys(operations) as Operation['kind'][]), ...OFTEN, ...OFTEN];
  const pick = () => Math.floor(random() * 2 ** 16);
  // A program has a few favourites among the compiled functions, so that some of them are replayed.
  const favourites = [pick(), pick(), pick()];
  const size = random() < 0.7 ? 16 : 1200;
  const list = Array.from({ length }, (): Operation => {
    const kind = kinds[pick() % kinds.length]!;
    const a = kind.startsWith('call') ? favourites[pick() % favourites.length]! : pick();
    return { kind, a, b: pick(), c: pick() };
  });
  return { size, operations: list };
}

/** Runs a program. @returns what went wrong, if anything did. */
export async function runProgram(compile: Compile, { size, operations: list }: Program): Promise<string | undefined> {
  const before = tf.memory().numTensors;
  const run = new Run(size, compile);
  for (const [i, operation] of list.entries()) {
    tf.engine().startScope();
    try {
      await operations[operation.kind](run, operation);
    } catch (error) {
      run.dispose();
      return `operation ${i}, ${operation.kind}: ${error instanceof Error ? error.message : String(error)}`;
    } finally {
      tf.engine().endScope();
    }
  }
  try {
    run.finish();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const left = tf.memory().numTensors - before;
  return left === 0 ? undefined : `${left} tensors are left`;
}

/** A shorter program that fails as well: operations are left out as long as it does. */
export async function shrink(compile: Compile, program: Program): Promise<Program> {
  let current = program;
  for (let step = Math.ceil(current.operations.length / 2); step >= 1; step = Math.floor(step / 2)) {
    for (let at = 0; at < current.operations.length; ) {
      const shorter = { ...current, operations: current.operations.filter((_, i) => i < at || i >= at + step) };
      if ((await runProgram(compile, shorter)) === undefined) at += step;
      else current = shorter;
    }
  }
  return current;
}

/** Runs programs of these seeds. @returns a report of the first that fails, shrunk. */
export async function firstFailure(
  compile: Compile,
  { seeds, length }: { seeds: Iterable<number>; length: number },
): Promise<string | undefined> {
  for (const seed of seeds) {
    const program = randomProgram(seed, length);
    if ((await runProgram(compile, program)) === undefined) continue;
    const short = await shrink(compile, program);
    const reason = await runProgram(compile, short);
    const text = short.operations.map(({ kind, a, b, c }) => `  ${kind} (${a}, ${b}, ${c})`).join('\n');
    return `seed ${seed}, length ${length}: ${reason}\nsize ${short.size}\n${text}`;
  }
  return undefined;
}
