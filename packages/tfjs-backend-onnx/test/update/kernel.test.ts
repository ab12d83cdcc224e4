import { describe, expect, it } from 'vitest';
import { kernelModule } from '../../src/update/kernel.js';
import { type Operand, type UpdateOperator, updateOperators } from '../../src/update/split.js';
import { type Memory, WebAssembly } from '../../src/update/webassembly.js';
import { wave } from '../kernels/against-cpu.js';

const vector = (index: number): Operand => ({ kind: 'vector', index });
const step = (index: number): Operand => ({ kind: 'step', index });
const scalar = (index: number): Operand => ({ kind: 'scalar', index });

interface Described {
  steps: { op: UpdateOperator; operands: Operand[] }[];
  results: Operand[];
}

/** Runs a kernel on vectors that lie one after the other, and the results behind them; returns the results. */
function run({ steps, results }: Described, vectors: readonly Float32Array[], scalars: readonly number[]) {
  const length = vectors[0]!.length;
  const stride = Math.ceil(length / 16) * 16;
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
  const view = (i: number) => new Float32Array(memory.buffer, 4 * i * stride, length);
  for (const [i, numbers] of vectors.entries()) view(i).set(numbers);
  const module = kernelModule({
    steps,
    vectors: vectors as unknown as [],
    scalars: scalars as unknown as [],
    results: results.map((operand, state) => ({ state, operand })),
  });
  const { exports } = new WebAssembly.Instance(module, { host: { memory: memory as Memory } });
  const places = [...vectors, ...results].map((_, i) => 4 * i * stride);
  (exports as { run: (...parameters: number[]) => void }).run(4 * length, ...places, ...scalars);
  return results.map((_, i) => view(vectors.length + i).slice());
}

const f = Math.fround;
const plain: Record<UpdateOperator, (a: number, b: number) => number> = {
  Abs: (a) => Math.abs(a),
  Add: (a, b) => a + b,
  Div: (a, b) => a / b,
  Mul: (a, b) => a * b,
  Neg: (a) => -a,
  Sign: (a) => Math.sign(a) + 0, // no -0
  Sqrt: (a) => Math.sqrt(a),
  Sub: (a, b) => a - b,
};
const special = [0, -0, 1, -1, Number.NaN, Infinity, -Infinity, 1e-42, 3e38, -3e38];

describe('kernels of updates', () => {
  for (const op of updateOperators) {
    it(`${op}: rounded like single numbers, for every length, with special values`, () => {
      const unary = plain[op].length === 1;
      for (const length of [1, 2, 3, 4, 5, 15, 16, 17, 100]) {
        const a = wave([length], { seed: length }).values as Float32Array;
        const b = wave([length], { seed: length + 1 }).values as Float32Array;
        const [result] = run(
          { steps: [{ op, operands: unary ? [vector(0)] : [vector(0), vector(1)] }], results: [step(0)] },
          [Float32Array.from(a), Float32Array.from(b)],
          [],
        );
        expect(Array.from(result!)).toEqual(Array.from({ length }, (_, i) => f(plain[op](f(a[i]!), f(b[i]!)))));
      }
      const pairs = special.flatMap((x) => special.map((y) => [x, y] as const));
      const [x, y] = [0, 1].map((i) => Float32Array.from(pairs, (pair) => pair[i]!));
      const [result] = run(
        { steps: [{ op, operands: unary ? [vector(0)] : [vector(0), vector(1)] }], results: [step(0)] },
        [x!, y!],
        [],
      );
      expect(Array.from(result!)).toEqual(Array.from(x!, (value, i) => f(plain[op](value, y![i]!))));
    });
  }

  it('several steps, scalars, several results; results may be vectors and scalars', () => {
    const a = Float32Array.of(1, 2, 3, 4, 5);
    const b = Float32Array.of(10, 20, 30, 40, 50);
    const steps = [
      { op: 'Mul' as const, operands: [vector(0), scalar(0)] },
      { op: 'Sub' as const, operands: [vector(1), step(0)] },
    ];
    const results = run({ steps, results: [step(1), step(0), vector(1), scalar(1)] }, [a, b], [0.5, 7]);
    expect(results.map((numbers) => Array.from(numbers))).toEqual([
      [9.5, 19, 28.5, 38, 47.5],
      [0.5, 1, 1.5, 2, 2.5],
      [10, 20, 30, 40, 50],
      [7, 7, 7, 7, 7],
    ]);
  });

  it('equal forms share a module, other forms do not', () => {
    const form = (op: UpdateOperator, operands: Operand[]) =>
      kernelModule({
        vectors: [1, 2] as unknown as [],
        scalars: [],
        steps: [{ op, operands }],
        results: [{ state: 3, operand: step(0) }],
      });
    const first = form('Add', [vector(0), vector(1)]);
    expect(form('Add', [vector(0), vector(1)])).toBe(first);
    expect(form('Add', [vector(1), vector(0)])).not.toBe(first);
    expect(form('Sub', [vector(0), vector(1)])).not.toBe(first);
  });
});
