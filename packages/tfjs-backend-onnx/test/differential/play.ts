import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers all gradients
import { compile, type OnnxBackend, registerOnnxBackend } from '../../src/index.js';
import type { Case, Inputs, MakeCase } from './case.js';
import { numbersOf } from './case.js';
import { type Nd, stored } from './nd.js';
import { Random } from './random.js';

/** The same backend without tiny work: everything is recorded. */
export const GRAPH = 'onnx-graph';

/** Registers the backend twice: as it is by default, and with a threshold below all work. */
export async function registerBoth(): Promise<void> {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
  const Backend = (tf.backend() as OnnxBackend).constructor as new (options: object) => OnnxBackend;
  if (tf.findBackendFactory(GRAPH)) return;
  tf.registerBackend(GRAPH, () => new Backend({ threads: 1, hostThreshold: 0 }), 0);
  tf.copyRegisteredKernels('onnx', GRAPH);
}

/** Results in plain numbers, or the message of the error. */
type Outcome = Nd[] | Error;

export interface Difference {
  kernel: string;
  how: string;
  what: string;
  call: string;
}

const listOf = (inputs: Inputs): [string, Nd][] =>
  Object.entries(inputs).filter((entry): entry is [string, Nd] => entry[1] !== undefined);

function tensorOf(x: Nd): tf.Tensor {
  const shape = x.shape.slice();
  if (x.imag === undefined) return tf.tensor(typed(x), shape, x.dtype);
  const part = (values: ArrayLike<number>) => tf.tensor(Float32Array.from(values), shape);
  return tf.complex(part(x.values), part(x.imag));
}

function typed({ values, dtype }: Nd): Float32Array | Int32Array | Uint8Array {
  if (dtype === 'int32') return Int32Array.from(values);
  return dtype === 'bool' ? Uint8Array.from(values) : Float32Array.from(values);
}

/** Tensors of a result; complex ones as their two parts. */
const partsOf = (tensor: tf.Tensor): tf.Tensor[] =>
  tensor.dtype === 'complex64' ? [tf.real(tensor), tf.imag(tensor)] : [tensor];

const read = (tensor: tf.Tensor): Nd => ({
  shape: tensor.shape.slice(),
  dtype: tensor.dtype as Nd['dtype'],
  values: Array.from(tensor.dataSync()),
});

/** The kernel and the gradients of it, as one function of tensors. */
function functionOf(kernel: string, { inputs, attrs, differentiable = [] }: Case) {
  const names = listOf(inputs).map(([name]) => name);
  const call = (tensors: tf.Tensor[]): tf.Tensor[] => {
    const given = Array.isArray(inputs) ? tensors : Object.fromEntries(names.map((name, i) => [name, tensors[i]!]));
    const result = tf.engine().runKernel(kernel, given as tf.NamedTensorMap, (attrs ?? {}) as tf.NamedAttrMap);
    return Array.isArray(result) ? (result as tf.Tensor[]) : [result as tf.Tensor];
  };
  return (...tensors: tf.Tensor[]): tf.Tensor[] => {
    const results = call(tensors);
    if (differentiable.length === 0 || (results[0]?.size ?? 0) === 0) return results.flatMap(partsOf);
    const chosen = differentiable.map((name) => names.indexOf(name));
    const loss = (...some: tf.Tensor[]) => {
      const all = tensors.slice();
      chosen.forEach((place, i) => {
        all[place] = some[i]!;
      });
      const [y] = call(all);
      return tf.sum(tf.mul(y!, tensorOf(weightsFor(y!.shape))));
    };
    return [...results.flatMap(partsOf), ...tf.grads(loss)(chosen.map((place) => tensors[place]!))];
  };
}

/** The numbers that results are multiplied by before they are added up to one that has a gradient. */
const weightsFor = (shape: readonly number[]): Nd => ({
  shape,
  dtype: 'float32',
  values: Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.fround(Math.sin(3 * i + 1))),
});

function attempt(f: () => Nd[]): Outcome {
  tf.engine().startScope();
  try {
    return f();
  } catch (error) {
    return error as Error;
  } finally {
    tf.engine().endScope();
  }
}

/** Eagerly on the active backend. */
const eager = (f: (...tensors: tf.Tensor[]) => tf.Tensor[], tensors: () => tf.Tensor[]): Outcome =>
  attempt(() => f(...tensors()).map(read));

/** At its third call, when no JavaScript of the function runs; complex tensors are made of parts inside. */
function compiled(f: (...tensors: tf.Tensor[]) => tf.Tensor[], inputs: readonly Nd[], captured: boolean): Outcome {
  return attempt(() => {
    const halves = inputs.flatMap((x) =>
      x.imag === undefined
        ? [x]
        : [
            { ...x, dtype: 'float32' as const },
            { ...x, dtype: 'float32' as const, values: x.imag },
          ],
    );
    const parts = halves.map((x) => tensorOf({ shape: x.shape, values: x.values, dtype: x.dtype }));
    // Some operands may be constants of the function: at least one is an argument.
    const fixed = (i: number) => captured && i % 2 === 1;
    const whole = compile((...given: tf.Tensor[]) => {
      let next = 0;
      const all = parts.map((part, i) => (fixed(i) ? part : given[next++]!));
      let place = 0;
      const tensors = inputs.map((x) => {
        const real = all[place++]!;
        return x.imag === undefined ? real : tf.complex(real, all[place++]!);
      });
      return f(...tensors);
    });
    try {
      const given = parts.filter((_, i) => !fixed(i));
      let result: Nd[] = [];
      for (let call = 0; call < 3; call++) result = whole(...given).map(read);
      return result;
    } finally {
      whole.dispose();
    }
  });
}

/** Central differences in double precision of sum(expected * weights). */
function gradients({ inputs, attrs, expected, differentiable = [] }: Case): Nd[] {
  const all = Object.fromEntries(listOf(inputs));
  const [y] = [expected!(all, attrs ?? {})].flat() as [Nd | undefined];
  if (y === undefined || y.values.length === 0) return [];
  const { values: weights } = weightsFor(y.shape);
  return differentiable.map((name) => {
    const x = all[name]!;
    const at = (i: number, value: number): number => {
      const moved = { ...x, values: Array.from(x.values, (v, j) => (i === j ? value : v)) };
      const [result] = [expected!({ ...all, [name]: moved }, attrs ?? {})].flat() as [Nd];
      return Array.from(result.values).reduce((sum, v, j) => sum + v * weights[j]!, 0);
    };
    const h = 1e-6;
    return { ...x, values: Array.from(x.values, (v, i) => (at(i, v + h) - at(i, v - h)) / (2 * h)) };
  });
}

function reference(one: Case): Nd[] | undefined {
  if (one.expected === undefined) return undefined;
  const results = [one.expected(Object.fromEntries(listOf(one.inputs)), one.attrs ?? {})].flat();
  return [
    ...results.flatMap((x) =>
      x.imag === undefined
        ? [stored(x)]
        : [
            stored({ shape: x.shape, values: x.values, dtype: 'float32' }),
            stored({ shape: x.shape, values: x.imag, dtype: 'float32' }),
          ],
    ),
    ...gradients(one),
  ];
}

const describe = (outcome: Outcome): string =>
  outcome instanceof Error
    ? `error: ${outcome.message.slice(0, 160)}`
    : outcome
        .map(({ dtype, shape, values }) => `${dtype}[${shape}] ${Array.from(values).slice(0, 12).join(' ')}`)
        .join('; ');

/** The first place where results differ by more than the tolerance, in words. */
function difference(actual: Nd[], expected: Nd[], tolerance: number, results: number): string | undefined {
  if (actual.length !== expected.length) return `${actual.length} results, not ${expected.length}`;
  for (const [i, result] of actual.entries()) {
    const wanted = expected[i]!;
    if (result.dtype !== wanted.dtype || result.shape.join() !== wanted.shape.join())
      return `result ${i} is ${result.dtype}[${result.shape}], not ${wanted.dtype}[${wanted.shape}]`;
    const finite = Array.from(wanted.values).filter(Number.isFinite).map(Math.abs);
    // Special values are far apart: each number is compared by itself, too.
    // Gradients are differences of numbers around one.
    const scale = Math.min(Math.max(...finite, i < results ? 0 : 10), 100);
    for (let j = 0; j < wanted.values.length; j++) {
      const [a, b] = [result.values[j]!, wanted.values[j]!];
      if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
      const bound = tolerance * Math.max(Math.abs(b), scale) + 1e-37;
      if (wanted.dtype === 'float32' && Math.abs(a - b) <= bound) continue;
      return `result ${i} at ${j} is ${a}, not ${b}`;
    }
  }
  return undefined;
}

export interface Round {
  seed: number;
  special: boolean;
}

/** Computes one random call of a kernel in all ways. */
export async function play(kernel: string, make: MakeCase, { seed, special }: Round): Promise<Difference[]> {
  const random = new Random(seed);
  const made = make(random, numbersOf(random, special));
  // Differences of double precision need smooth places.
  const one = special ? { ...made, differentiable: [] } : made;
  const inputs = listOf(one.inputs).map(([, x]) => x);
  const f = functionOf(kernel, one);
  const tensors = () => inputs.map(tensorOf);
  const outcomes: Record<string, Outcome> = {};
  await tf.setBackend('onnx');
  outcomes['tiny'] = eager(f, tensors);
  if (inputs.length > 1) outcomes['compiled, with constants'] = compiled(f, inputs, true);
  await tf.setBackend(GRAPH);
  outcomes['recorded'] = eager(f, tensors);
  if (inputs.length > 0) outcomes['compiled'] = compiled(f, inputs, false);
  const call = `seed ${seed}${special ? ', special values' : ''}: ${JSON.stringify(one.attrs ?? {})} on ${listOf(
    one.inputs,
  )
    .map(([name, x]) => `${name} ${describe([x])}`)
    .join('; ')}`;
  const found = (how: string, what: string): Difference => ({ kernel, how, what, call });
  if (one.fails)
    return Object.entries(outcomes)
      .filter(([, outcome]) => !(outcome instanceof Error))
      .map(([how, outcome]) => found(how, `must fail, gives ${describe(outcome)}`));
  const expected = reference(one) ?? outcomes['tiny']!;
  if (expected instanceof Error) return [found('tiny', describe(expected))];
  const empty = inputs.some((x) => x.values.length === 0);
  return Object.entries(outcomes).flatMap(([how, outcome]) => {
    if (outcome instanceof Error) {
      // What has no numbers is no part of a graph: compile says so.
      if (empty && how.startsWith('compiled') && /zero|empty|no form in ONNX/.test(outcome.message)) return [];
      return [found(how, describe(outcome))];
    }
    const what = difference(
      outcome,
      expected,
      one.tolerance ?? 1e-5,
      expected.length - (one.differentiable?.length ?? 0),
    );
    return what === undefined ? [] : [found(how, what)];
  });
}
