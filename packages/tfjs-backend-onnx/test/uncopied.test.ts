import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { emit } from '../src/emit/emit.js';
import { compile, registerOnnxBackend } from '../src/index.js';
import { inputValue } from '../src/ir/graph.js';
import { add, apply, scalar } from '../src/ir/ops.js';
import { HostSource } from '../src/memory/host-source.js';
import { memoryFor } from '../src/run/plan.js';
import { ortTensor, resultTensor, Session } from '../src/run/session.js';
import { endsUncopied, worthStopping } from '../src/run/uncopied.js';

beforeAll(async () => {
  registerOnnxBackend({ hostThreshold: 32 });
  await tf.setBackend('onnx');
});

/** Bytes of the arrays that a call makes. */
function made(call: () => void): number {
  const before = process.memoryUsage().arrayBuffers;
  call();
  return process.memoryUsage().arrayBuffers - before;
}

const size = 2 ** 20;
const megabyte = 2 ** 20;

describe('results of runs', () => {
  it('are written once, where they stay', () => {
    const w = tf.variable(tf.ones([size]));
    const x = tf.tensor1d(Float32Array.from({ length: size }, (_, i) => i % 7));
    const step = compile((input: tf.Tensor) => {
      w.assign(tf.add(tf.mul(w, 0.5), tf.sin(input)) as tf.Tensor1D);
      return tf.mean(w);
    });
    for (let i = 0; i < 4; i++) step(x).dispose();
    // A copy of the variable would be four of them.
    expect(made(() => step(x).dispose())).toBeLessThan(megabyte);
    const plain = () => {
      tf.tidy(() => tf.sin(x).dataSync());
    };
    plain();
    expect(made(plain)).toBeLessThan(5 * megabyte);
    tf.dispose([w, x]);
    step.dispose();
  });

  const x = inputValue(new HostSource(new Float32Array(3)), [3], 'float32');
  const graph = { outputs: [add(x, scalar(1)), apply('Neg', [x], [3], 'float32')] };

  it.each([true, false])('are the same with and without copies (%s)', (stop) => {
    const { inputs, outputs, ...model } = emit(graph, { stop });
    expect(outputs).toHaveLength(2);
    const session = new Session({ inputs, outputs, ...model }, { threads: 1, memory: 'returned' });
    const results = graph.outputs.map(resultTensor);
    const fetches = Object.fromEntries(outputs.map((name, i) => [name, results[i]!]));
    session.run({ [inputs[0]!.name]: ortTensor(Float32Array.of(1, 2, 3), [3], 'float32') }, fetches);
    expect(results.map(({ data }) => Array.from(data as Float32Array))).toEqual([
      [2, 3, 4],
      [-1, -2, -3],
    ]);
    // What goes wrong is still an error.
    const longer = ortTensor(new Float32Array(4), [4], 'float32');
    expect(() => session.run({ [inputs[0]!.name]: longer }, fetches)).toThrow(/dimension/i);
    session.dispose();
  });

  it('are not copied where there are many of them', () => {
    const large = inputValue(new HostSource(new Float32Array(size)), [size], 'float32');
    expect(worthStopping({ outputs: [large] })).toBe(true);
    expect(worthStopping({ outputs: [x] })).toBe(false);
    expect(worthStopping({ outputs: Array.from({ length: 20 }, () => x) })).toBe(true);
    expect(endsUncopied(new Error('something else'))).toBe(false);
  });

  it('that are one array have two owners', () => {
    const both = compile((v: tf.Tensor) => {
      const doubled = tf.mul(v, 2);
      return [doubled, tf.clone(doubled)];
    });
    const v = tf.tensor1d([1, 2, 3, 4]);
    tf.dispose(both(v));
    const [a, b] = both(v) as [tf.Tensor1D, tf.Tensor1D];
    const w = tf.variable(tf.zeros([4]));
    w.assign(a);
    const grow = compile(() => {
      w.assign(tf.mul(w, 2));
      return tf.sum(w);
    });
    for (let i = 0; i < 3; i++) grow().dispose();
    expect(Array.from(b.dataSync())).toEqual([2, 4, 6, 8]);
    both.dispose();
    grow.dispose();
    tf.dispose([a, b, v, w]);
  });

  it('keep their memory between runs, planned where it is little', () => {
    const of = (length: number) => {
      const input = inputValue(new HostSource(new Float32Array(1)), [length], 'float32');
      return memoryFor({ outputs: [apply('Neg', [input], [length], 'float32')] });
    };
    expect([of(2 ** 20), of(2 ** 25)]).toEqual(['planned', 'kept']);
  });
});
