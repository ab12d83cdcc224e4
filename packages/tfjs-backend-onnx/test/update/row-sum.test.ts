import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers'; // registers the gradients
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, profile, registerOnnxBackend } from '../../src/index.js';
import { sumRows } from '../../src/update/row-sum.js';
import { wave } from '../kernels/against-cpu.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 2, hostThreshold: 32 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

/** So many threads that updates, and sums with them, are left to the graph. */
const MANY = 16;
const [rows, width, count] = [700, 4, 40];

/** Tokens with many duplicates, the first and the last row among them. */
const tokens = (seed: number) =>
  tf.tensor1d(
    Int32Array.from({ length: count }, (_, i) => [0, rows - 1, (i * 7 + seed) % rows, 3][i % 4]!),
    'int32',
  );

function train(threads: number, { clip = false, returned = false } = {}) {
  const table = tf.variable(tf.tensor2d(wave([rows, width], { seed: 1 }).values, [rows, width]));
  const weights = tf.tensor2d(wave([count, width], { seed: 2 }).values, [count, width]);
  const optimizer = tf.train.adam(0.01);
  const step = compile(
    (ids: tf.Tensor1D) => {
      const loss = () => tf.sum(tf.mul(tf.square(tf.gather(table, ids)), weights)) as tf.Scalar;
      const { value, grads } = tf.variableGrads(loss, [table]);
      let gradient = grads[table.name]!;
      if (clip) gradient = tf.mul(gradient, tf.div(1, tf.add(1, tf.norm(gradient))));
      optimizer.applyGradients([{ name: table.name, tensor: gradient }]);
      return returned ? [value, gradient] : [value];
    },
    { threads },
  );
  const seen: number[][] = [];
  for (let i = 0; i < 5; i++) {
    const results = step(tokens(i));
    seen.push(...results.map((result) => Array.from(result.dataSync())));
    tf.dispose(results);
  }
  const { operators } = profile(() => step(tokens(9)));
  step.dispose();
  return { seen, table: Array.from(table.dataSync()), operators: operators.map(({ operator }) => operator) };
}

describe('gradients of lookup tables', () => {
  it('are summed outside of the graph where only the update reads them, with the same bits', () => {
    const [outside, inside] = [train(2), train(MANY)];
    expect(outside.operators).not.toContain('ScatterElements');
    expect(inside.operators).toContain('ScatterElements');
    expect(outside.seen).toEqual(inside.seen);
    expect(outside.table).toEqual(inside.table);
  });

  it.each([{ clip: true }, { returned: true }])('stay in the graph where it reads them itself: %j', (options) => {
    const [ours, inside] = [train(2, options), train(MANY, options)];
    expect(ours.operators).toContain('ScatterElements');
    expect(ours.seen).toEqual(inside.seen);
    expect(ours.table).toEqual(inside.table);
  });

  it('sums rows in order, and leaves out those outside of the table', () => {
    const into = new Float32Array(6).fill(7);
    const updates = Float32Array.of(1, 2, 10, 20, 100, 200, 1000, 2000);
    sumRows(into, updates, Int32Array.of(2, 0, -1, 2));
    expect(Array.from(into)).toEqual([10, 20, 0, 0, 1001, 2002]);
    sumRows(into, updates, Int32Array.of(3, 3, 3, 1));
    expect(Array.from(into)).toEqual([0, 0, 1000, 2000, 0, 0]);
  });
});
