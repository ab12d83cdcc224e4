import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, exportOnnx, type OnnxBackend, profile, registerOnnxBackend } from '../src/index.js';

beforeAll(() => registerOnnxBackend({ threads: 1 }));
beforeEach(() => tf.setBackend('onnx'));

/** Graphs that a function runs. */
const graphs = (fn: () => void): number => profile(fn).runs;

describe('little work is done at once', () => {
  const mlp = () => {
    const optimizer = tf.train.adam(0.01);
    const random = (shape: [number, number], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);
    const w = [random([8, 16], 1), random([16, 1], 2)].map((value) => tf.variable(value as tf.Tensor2D));
    const [x, y] = [random([16, 8], 3), random([16, 1], 4)];
    const loss = () => tf.mean(tf.square(tf.sub(tf.matMul(tf.relu(tf.matMul(x, w[0]!)), w[1]!), y))) as tf.Scalar;
    return {
      step: () => tf.tidy(() => optimizer.minimize(loss, true, w)!.dataSync()[0]!),
      dispose: () => {
        tf.dispose([x, y, ...w]);
        optimizer.dispose();
      },
    };
  };

  it('a small network trains without a graph, with the bits of cpu, and leaves nothing behind', async () => {
    const losses: Record<string, number[]> = {};
    for (const backend of ['cpu', 'onnx']) {
      await tf.setBackend(backend);
      const { step, dispose } = mlp();
      step();
      const tensors = tf.memory().numTensors;
      losses[backend] = Array.from({ length: 5 }, step);
      expect(tf.memory().numTensors).toBe(tensors);
      if (backend === 'onnx') expect(graphs(() => void step())).toBe(0);
      dispose();
    }
    expect(losses['onnx']).toEqual(losses['cpu']);
  });

  it('more work is not', () => {
    const x = tf.ones([40, 40]);
    expect(graphs(() => void tf.tidy(() => tf.add(x, x).dataSync()))).toBe(1);
    const image = tf.ones([1, 10, 10, 3]) as tf.Tensor4D;
    const filter = tf.ones([3, 3, 3, 4]) as tf.Tensor4D;
    expect(graphs(() => void tf.tidy(() => tf.conv2d(image, filter, 1, 'same').dataSync()))).toBe(1);
    tf.dispose([x, image, filter]);
  });

  it('nor is little that makes much', () => {
    const [column, row, ids] = [tf.ones([512, 1]), tf.ones([1, 512]), tf.tensor1d([1, 2, 3], 'int32')];
    const work: Record<string, () => tf.Tensor> = {
      broadcast: () => tf.add(column, row),
      product: () => tf.matMul(column as tf.Tensor2D, row as tf.Tensor2D),
      tile: () => tf.tile(row, [40, 1]),
      broadcastTo: () => tf.broadcastTo(row, [40, 512]),
      gradient: () => tf.grad((x) => tf.mean(x))(tf.ones([40, 40])),
      segments: () => tf.unsortedSegmentSum(tf.ones([3, 16]), ids, 500),
      oneHot: () => tf.oneHot(ids, 1000),
      gather: () => tf.gather(tf.ones([20, 40]), tf.zeros([90], 'int32')),
      pad: () =>
        tf.pad(row, [
          [9, 9],
          [0, 0],
        ]),
    };
    for (const [name, run] of Object.entries(work))
      expect([name, graphs(() => void tf.tidy(() => void run().dataSync()))]).toEqual([name, 1]);
    expect(graphs(() => void tf.tidy(() => void tf.gather(tf.ones([20, 8]), ids).dataSync()))).toBe(0);
    tf.dispose([column, row, ids]);
  });

  it('and does not write into what it reads', () => {
    for (const size of [8, 100]) {
      const numbers = new Float32Array(size);
      const x = tf.tensor1d(numbers);
      const changed = tf.tensorScatterUpdate(x, tf.tensor2d([[1]], [1, 1], 'int32'), tf.tensor1d([5]));
      expect(changed.dataSync()[1]).toBe(5);
      expect(x.dataSync()[1]).toBe(0);
      expect(numbers[1]).toBe(0);
      tf.dispose([x, changed]);
    }
  });

  it('on part of an array that its owner writes to later', () => {
    const numbers = Float32Array.of(1, 2, 3, 4);
    const x = tf.tensor1d(numbers);
    const part = tf.slice(x, 1, 2);
    const large = tf.mul(tf.reshape(part, [2, 1]), tf.ones([1, 2000]));
    numbers.fill(9);
    expect(Array.from(tf.slice(large, [0, 0], [2, 1]).dataSync())).toEqual([2, 3]);
    tf.dispose([x, part, large]);
  });

  it('on variables that a compiled function writes in place', () => {
    const w = tf.variable(tf.ones([4]));
    const x = tf.ones([4]);
    const optimizer = tf.train.adam(1);
    const step = compile(
      (input: tf.Tensor) => optimizer.minimize(() => tf.sum(tf.mul(w, input)) as tf.Scalar, true, [w])!,
    );
    const steps = (count: number) => {
      for (let i = 0; i < count; i++) step(x).dispose();
    };
    const rounded = (tensor: tf.Tensor) => Array.from(tensor.dataSync(), Math.round);
    steps(3);
    expect((tf.backend() as OnnxBackend).tensors.of(w.dataId).state.kind).toBe('resident');
    const half = tf.slice(w, 0, 2);
    const sum = tf.add(w, 1);
    steps(3);
    expect([rounded(half), rounded(sum), rounded(w)]).toEqual([
      [-2, -2],
      [-1, -1, -1, -1],
      [-5, -5, -5, -5],
    ]);
    // `cpu` makes this one in another way.
    w.assign(tf.abs(w));
    steps(1);
    const held = w.dataSync();
    const before = Array.from(held);
    steps(2);
    expect(Array.from(held)).toEqual(before);
    step.dispose();
    tf.dispose([w, x, half, sum]);
    optimizer.dispose();
  });

  it('not inside of what is compiled or exported: shapes stay open', async () => {
    const c = tf.ones([1, 100]);
    const model = await exportOnnx(
      (x: tf.Tensor) => tf.concat([x, tf.tile(c, [x.shape[0]!, 1])], 1),
      [tf.zeros([4, 3])],
      { dynamicBatch: true },
    );
    expect(model.byteLength).toBeLessThan(2000);
    c.dispose();
  });

  it('on tensors that can be written as JSON', () => {
    const x = tf.tensor1d([1, 2]);
    expect(JSON.parse(JSON.stringify(x))).toMatchObject({ shape: [2], dtype: 'float32' });
    x.dispose();
  });

  it('of every type, and in what pending results lead to only when they are there', () => {
    const results = tf.tidy(() => {
      const mask = tf.greater(tf.tensor1d([1, -1, 2]), 0);
      const cast = tf.cast(mask, 'float32');
      const pending = tf.sum(tf.ones([50, 50]));
      const indices = tf.cast(tf.add(tf.argMax(tf.tensor1d([1, 5, 2])), tf.scalar(1, 'int32')), 'int32');
      return [cast, tf.mul(pending, cast), indices].map((tensor) => [tensor.dtype, ...tensor.dataSync()]);
    });
    expect(results).toEqual([
      ['float32', 1, 0, 1],
      ['float32', 2500, 0, 2500],
      ['int32', 2],
    ]);
  });

  it('on a tensor that was disposed: said plainly', () => {
    const x = tf.ones([4]);
    x.dispose();
    expect(() => tf.sqrt(x)).toThrow(/used after it was disposed/);
  });
});
