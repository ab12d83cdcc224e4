import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { PackedBytes } from '../src/compile/packed-bytes.js';
import { type CompiledFunction, compile, type OnnxBackend, registerOnnxBackend } from '../src/index.js';
import { RUNS_BEFORE_PACKING } from '../src/machine-thresholds.js';
import { Random } from './differential/random.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  vi.restoreAllMocks();
  tf.engine().endScope();
  tf.disposeVariables();
});

/** Enough numbers that constants pay. */
const SIZE = 128;
/** Calls after which weights that nobody changes are constants. */
const CALLS = RUNS_BEFORE_PACKING + 3;

const builds = () => (tf.backend() as OnnxBackend).statistics.builds;
const failNextBuild = () =>
  vi.spyOn((tf.backend() as OnnxBackend).statistics, 'countBuild').mockImplementationOnce(() => {
    throw new Error('no build');
  });
const matrix = (seed: number) => tf.randomNormal<tf.Rank.R2>([SIZE, SIZE], 0, 0.1, 'float32', seed);
const input = () => tf.randomNormal<tf.Rank.R2>([3, SIZE], 0, 1, 'float32', 99);

/** A product of a matrix, a shift and the function of them. */
function model() {
  const weight = tf.variable(matrix(1));
  const shift = tf.variable(tf.randomNormal([SIZE], 0, 1, 'float32', 2));
  const predict = (x: tf.Tensor) => tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, weight), shift));
  return { weight, shift, predict };
}

function expectFresh(compiled: (x: tf.Tensor) => tf.Tensor, plain: (x: tf.Tensor) => tf.Tensor, x: tf.Tensor) {
  const [actual, expected] = [compiled(x), tf.tidy(() => plain(x))];
  expect(actual.dataSync()).toBeAllclose(expected.dataSync(), { rtol: 1e-5, atol: 1e-5 });
  tf.dispose([actual, expected]);
}

describe('weights that are constants', () => {
  it('are built once, and then again only where they changed', () => {
    const { predict, weight } = model();
    const compiled = compile(predict);
    const x = input();
    for (let i = 0; i < CALLS; i++) expectFresh(compiled, predict, x);
    const settled = builds();
    for (let i = 0; i < 5; i++) tf.dispose(compiled(x));
    expect(builds()).toBe(settled);
    weight.assign(matrix(3));
    tf.dispose(compiled(x));
    expect(builds()).toBe(settled + 1);
    // Twice as many runs as the first time.
    for (let i = 0; i < 2 * RUNS_BEFORE_PACKING - 1; i++) tf.dispose(compiled(x));
    expect(builds()).toBe(settled + 1);
    tf.dispose(compiled(x));
    expect(builds()).toBe(settled + 2);
    expectFresh(compiled, predict, x);
    compiled.dispose();
  });

  it.each(['assignments', 'compiled steps'])('are never built where %s change them between all calls', (kind) => {
    const { predict, weight, shift } = model();
    const compiled = compile(predict);
    const x = input();
    const optimizer = tf.train.adam(0.01);
    const loss = () => tf.mean(tf.square(predict(x))) as tf.Scalar;
    const train = compile(() => optimizer.minimize(loss, true, [weight, shift] as tf.Variable[])!);
    const change = kind === 'assignments' ? () => weight.assign(tf.mul(weight, 0.5)) : () => tf.dispose(train());
    for (let i = 0; i < 2; i++) {
      change();
      change();
      tf.dispose(compiled(x));
    }
    const before = builds();
    for (let i = 0; i < 10; i++) {
      change();
      tf.dispose(compiled(x));
    }
    // An assignment may be a graph of its own.
    expect(builds() - before).toBeLessThanOrEqual(1);
    expectFresh(compiled, predict, x);
    compiled.dispose();
    train.dispose();
  });

  it.each(['sgd', 'momentum', 'adam'] as const)('see what training with %s does, before and after', (name) => {
    const { predict, weight, shift } = model();
    const optimizer = { sgd: tf.train.sgd(0.1), momentum: tf.train.momentum(0.1, 0.9), adam: tf.train.adam(0.1) }[name];
    const train = compile(
      (x: tf.Tensor) =>
        optimizer.minimize(() => tf.mean(tf.square(predict(x))) as tf.Scalar, true, [weight, shift] as tf.Variable[])!,
    );
    const compiled = compile(predict);
    const other = compile(predict);
    const x = input();
    for (const steps of [0, 1, 3, 2, 0, 5]) {
      for (let i = 0; i < steps; i++) tf.dispose(train(x));
      for (let i = 0; i < 2 * CALLS; i++) {
        expectFresh(compiled, predict, x);
        if (i % 3 === 0) expectFresh(other, predict, x);
      }
    }
    tf.dispose(train(x));
    expectFresh(other, predict, x);
    for (const fn of [train, compiled, other]) fn.dispose();
  });

  it('see every change in any order', () => {
    for (let seed = 1; seed <= 8; seed++) play(seed);
  });

  it('do not see what is written into an array that a tensor was made of, whenever that is', () => {
    const numbers = Float32Array.from(matrix(5).dataSync());
    const weight = tf.variable(tf.tensor2d(numbers, [SIZE, SIZE]));
    const predict = (x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, weight);
    const compiled = compile(predict);
    const x = input();
    for (let i = 0; i < 2; i++) tf.dispose(compiled(x));
    const expected = compiled(x).dataSync();
    numbers.fill(0);
    for (let i = 0; i < CALLS; i++) expect(compiled(x).dataSync()).toEqual(expected);
    compiled.dispose();
  });

  it('are refused after they were disposed', () => {
    const { predict, weight } = model();
    const compiled = compile(predict);
    const x = input();
    for (let i = 0; i < CALLS; i++) tf.dispose(compiled(x));
    weight.dispose();
    expect(() => compiled(x)).toThrow(/variable .* was disposed/);
    compiled.dispose();
  });

  it('of a network with normalisation are folded into its convolutions', () => {
    const network = tfl.sequential({
      layers: [
        tfl.layers.conv2d({ inputShape: [12, 12, 8], filters: 48, kernelSize: 3, useBias: false }),
        tfl.layers.batchNormalization({}),
        tfl.layers.reLU(),
        tfl.layers.conv2d({ filters: 48, kernelSize: 3, strides: 2 }),
        tfl.layers.batchNormalization({ scale: false }),
        tfl.layers.maxPooling2d({ poolSize: 2 }),
        tfl.layers.flatten(),
        tfl.layers.dense({ units: 10 }),
        tfl.layers.batchNormalization({ center: false }),
      ],
    });
    network.setWeights(
      network.getWeights().map((weight, i) => tf.randomUniform(weight.shape, 0.2, 1, 'float32', i + 1)),
    );
    const x = tf.randomNormal([2, 12, 12, 8], 0, 1, 'float32', 50);
    const predict = (images: tf.Tensor) => network.apply(images, { training: false }) as tf.Tensor;
    const compiled = compile(predict);
    for (let i = 0; i < CALLS; i++) {
      const [actual, expected] = [compiled(x).dataSync(), predict(x).dataSync()];
      const largest = Math.max(...expected.map(Math.abs));
      expect(actual).toBeAllclose(expected, { rtol: 1e-4, atol: 1e-5 * largest });
    }
    const { operators } = (tf.backend() as OnnxBackend).profile(() => compiled(x).dataSync());
    const names = new Set(operators.map(({ operator }) => operator));
    for (const name of ['Mul', 'Sub', 'Add', 'Sqrt', 'Reciprocal']) expect(names).not.toContain(name);
    compiled.dispose();
  });

  it('take a part of the memory at most, which is free again after dispose', () => {
    const room = new PackedBytes();
    expect(room.hasRoom(2 ** 20)).toBe(true);
    expect(room.hasRoom(2 ** 60)).toBe(false);
    const { predict } = model();
    const compiled = compile(predict);
    const x = input();
    const { packedBytes } = tf.backend() as OnnxBackend;
    const before = packedBytes.bytes;
    for (let i = 0; i < CALLS; i++) tf.dispose(compiled(x));
    expect(packedBytes.bytes - before).toBe(4 * SIZE * (SIZE + 1));
    compiled.dispose();
    expect(packedBytes.bytes).toBe(before);
  });

  it('stay inputs where there is no room for them', () => {
    const { predict } = model();
    const compiled = compile(predict);
    const x = input();
    const { packedBytes } = tf.backend() as OnnxBackend;
    const packed = packedBytes.bytes;
    packedBytes.add(2 ** 40);
    // The plain call is a graph of its own, and built again for many runs at its second one.
    for (let i = 0; i < 2; i++) expectFresh(compiled, predict, x);
    const before = builds();
    for (let i = 0; i < CALLS; i++) expectFresh(compiled, predict, x);
    packedBytes.add(-(2 ** 40));
    expect(builds()).toBe(before);
    expect(packedBytes.bytes).toBe(packed);
    compiled.dispose();
    expect(packedBytes.bytes).toBe(packed);
  });

  it('that changed are never run as they were, though a build fails', () => {
    const { predict, weight } = model();
    const compiled = compile(predict);
    const x = input();
    const { packedBytes } = tf.backend() as OnnxBackend;
    const packed = packedBytes.bytes;
    for (let i = 0; i < CALLS; i++) tf.dispose(compiled(x));
    expect(packedBytes.bytes).toBeGreaterThan(packed);
    weight.assign(matrix(3));
    weight.dataSync();
    failNextBuild();
    expect(() => compiled(x)).toThrow('no build');
    for (let i = 0; i < 2 * CALLS; i++) expectFresh(compiled, predict, x);
    compiled.dispose();
    expect(packedBytes.bytes).toBe(packed);
  });

  it('stay inputs where their graph cannot be built, and are tried again after twice as many runs', () => {
    const { predict } = model();
    const compiled = compile(predict);
    const x = input();
    const { packedBytes } = tf.backend() as OnnxBackend;
    const packed = packedBytes.bytes;
    // The first call is not compiled.
    tf.dispose(compiled(x));
    const expected = compiled(x).dataSync();
    failNextBuild();
    const before = builds();
    for (let i = 1; i < 2 * RUNS_BEFORE_PACKING; i++) expect(compiled(x).dataSync()).toEqual(expected);
    expect(builds()).toBe(before);
    expect(packedBytes.bytes).toBe(packed);
    expectFresh(compiled, predict, x);
    expect(packedBytes.bytes).toBeGreaterThan(packed);
    compiled.dispose();
    expect(packedBytes.bytes).toBe(packed);
  });

  it('have the memory of the container at most', async () => {
    const limit = vi.spyOn(process, 'constrainedMemory').mockReturnValue(2 ** 20);
    vi.resetModules();
    const { PackedBytes: Limited } = await import('../src/compile/packed-bytes.js');
    expect(new Limited().hasRoom(2 ** 20 + 1)).toBe(false);
    expect(new Limited().hasRoom(2 ** 10)).toBe(true);
    limit.mockRestore();
    vi.resetModules();
  });
});

/** Random changes of two weights between calls of two compiled functions; a plain call says what is right. */
function play(seed: number): void {
  const random = new Random(seed);
  const { weight, shift, predict } = model();
  const optimizer = tf.train.adam(0.05);
  const train = compile(
    (x: tf.Tensor) =>
      optimizer.minimize(() => tf.mean(tf.square(predict(x))) as tf.Scalar, true, [weight, shift] as tf.Variable[])!,
  );
  const shrink = compile(() => weight.assign(tf.mul(weight, 0.9)));
  const functions: CompiledFunction<typeof predict>[] = [compile(predict), compile(predict)];
  const x = input();
  let snapshot = tf.clone(weight);
  const changes = [
    () => tf.dispose(train(x)),
    () => tf.dispose(shrink()),
    () => weight.assign(matrix(seed + 10)),
    () => weight.assign(snapshot),
    () => {
      snapshot.dispose();
      snapshot = tf.clone(weight);
    },
    () => shift.assign(tf.mul(shift, -1)),
    () => weight.dataSync(),
    () => tf.dispose(tf.reshape(weight, [-1])),
  ];
  for (let round = 0; round < 12; round++) {
    random.pick(changes)();
    const calls = random.whole(0, CALLS + 2);
    for (let i = 0; i < calls; i++) expectFresh(random.pick(functions), predict, x);
  }
  snapshot.dispose();
  for (const fn of [train, shrink, ...functions]) fn.dispose();
}
