import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile } from '../src/index.js';
import { GRAPH, registerBoth } from './differential/play.js';

beforeAll(registerBoth);
beforeEach(() => tf.setBackend('onnx'));

type Result = { dtype: string; shape: number[]; values: number[] };

const read = (tensor: tf.Tensor): Result => ({
  dtype: tensor.dtype,
  shape: tensor.shape,
  values: Array.from(tensor.dataSync()),
});

/** Computed at once, recorded, and at the third call of a compiled function. */
async function everyWay(f: (...inputs: tf.Tensor[]) => tf.Tensor, make: () => tf.Tensor[]): Promise<Result[]> {
  const results: Result[] = [];
  for (const backend of ['onnx', GRAPH]) {
    await tf.setBackend(backend);
    results.push(tf.tidy(() => read(f(...make()))));
  }
  const whole = compile((...inputs: tf.Tensor[]) => f(...inputs));
  tf.tidy(() => {
    const inputs = make();
    for (let call = 0; call < 3; call++) results.push(read(whole(...inputs)));
  });
  whole.dispose();
  return results;
}

const float = (values: number[], shape = [values.length]) => tf.tensor(values, shape);
const int = (values: number[], shape = [values.length]) => tf.tensor(values, shape, 'int32');
const bool = (values: number[]) => tf.tensor(values, [values.length], 'bool');
const image = (width: number, height = 1) =>
  float(
    Array.from({ length: width * height }, (_, i) => i + 1),
    [1, height, width, 1],
  ) as tf.Tensor4D;
const gradientOf = (f: (x: tf.Tensor4D) => tf.Tensor) => (x: tf.Tensor) =>
  tf.grad((v) => tf.sum(f(v as tf.Tensor4D)))(x);

type Row = [
  name: string,
  f: (...inputs: tf.Tensor[]) => tf.Tensor,
  make: () => tf.Tensor[],
  expected: number[],
  type?: string,
];

const rows: Row[] = [
  [
    'products of matrices in batches that broadcast against each other',
    (a, b) => tf.matMul(a, b),
    () => [float([1, 2], [2, 1, 1, 1]), float([10, 20], [1, 2, 1, 1])],
    [10, 20, 20, 40],
  ],
  [
    'the gradient of average pooling at a border',
    gradientOf((x) => tf.avgPool(x, [1, 2], 1, 'same')),
    () => [image(3)],
    [0.5, 1, 1.5],
  ],
  [
    'the gradient of nearest neighbours with half pixel centres',
    gradientOf((x) => tf.image.resizeNearestNeighbor(x, [4, 4], false, true)),
    () => [image(3, 3)],
    [1, 2, 1, 2, 4, 2, 1, 2, 1],
  ],
  [
    'the gradient of bilinear resizing with half pixel centres',
    gradientOf((x) => tf.image.resizeBilinear(x, [1, 4], false, true)),
    () => [image(2)],
    [2, 2],
  ],
  ['a quotient of floats, rounded down', (a, b) => tf.floorDiv(a, b), () => [float([7, -7]), float([2, 2])], [3, -4]],
  ['the largest of bools', (x) => tf.max(x), () => [bool([0, 1])], [1], 'bool'],
  ['the smallest of bools', (x) => tf.min(x), () => [bool([0, 1])], [0], 'bool'],
  ['the position of the largest behind NaN', (x) => tf.argMax(x), () => [float([Number.NaN, 1, 3, 2])], [2], 'int32'],
  ['integers divided by zero', (a, b) => tf.div(a, b), () => [int([5, -5, 0]), int([0, 0, 0])], [0, 0, 0], 'int32'],
  [
    'what no integer can be',
    (x) => tf.cast(x, 'int32'),
    () => [float([Infinity, -Infinity, Number.NaN, -1e10, 2.9])],
    [0, 0, 0, -1410065408, 2],
    'int32',
  ],
  [
    'remainders',
    (a, b) => tf.mod(a, b),
    () => [float([1, -1, -5, 5, 5, -6]), float([1e10, 1e10, Infinity, -Infinity, Infinity, 3])],
    [1, 1e10, Infinity, -Infinity, 5, 0],
  ],
  [
    'remainders of integers',
    (a, b) => tf.mod(a, b),
    () => [int([1, -1, 7, -(2 ** 31), 5]), int([2 ** 31 - 1, 2 ** 31 - 1, -4, -1, 0])],
    [1, 2 ** 31 - 2, -1, 0, 0],
    'int32',
  ],
];

describe('the same numbers at once, recorded and compiled', () => {
  it.each(rows)('%s', async (_name, f, make, expected, type = 'float32') => {
    for (const { dtype, values } of await everyWay(f, make)) {
      expect(dtype).toBe(type);
      // -0 is 0.
      expect(values.map((value) => value + 0)).toBeAllclose(expected, { rtol: 1e-6 });
    }
  });

  it('also for many numbers', () => {
    tf.tidy(() => {
      const ones = tf.ones([4096]);
      expect(new Set(tf.mod(ones, 1e10).dataSync())).toEqual(new Set([1]));
      expect(new Set(tf.mod(tf.neg(ones), Infinity).dataSync())).toEqual(new Set([Infinity]));
      const [sevens, zeros] = [tf.fill([4096], 7, 'int32'), tf.zeros([4096], 'int32')];
      expect(new Set(tf.mod(sevens, zeros).dataSync())).toEqual(new Set([0]));
      expect(new Set(tf.div(sevens, zeros).dataSync())).toEqual(new Set([0]));
      expect(new Set(tf.cast(tf.fill([4096], Infinity), 'int32').dataSync())).toEqual(new Set([0]));
      expect(tf.floorDiv(ones, ones).dtype).toBe('float32');
    });
  });

  it('slices of other sizes at changing places are other graphs', async () => {
    await tf.setBackend(GRAPH);
    tf.tidy(() => {
      const x = tf.add(float([1, 2, 3, 4, 5, 6, 7, 8], [2, 4]), 0);
      const cut = (begin: [number, number], size: [number, number]) => Array.from(tf.slice(x, begin, size).dataSync());
      for (const at of [0, 1]) {
        expect(cut([at, 0], [1, 4])).toEqual([1, 2, 3, 4].map((v) => v + 4 * at));
        expect(cut([0, at], [2, 2])).toEqual([1, 2, 5, 6].map((v) => v + at));
      }
    });
  });
});

it('gradients of images of several sizes are other graphs', async () => {
  await tf.setBackend(GRAPH);
  const filter = tf.ones([1, 1, 1, 1]) as tf.Tensor4D;
  // Both have three windows.
  for (const width of [5, 6]) {
    tf.tidy(() => {
      const x = tf.zeros([2, 1, width, 1]) as tf.Tensor4D;
      const expected = [0, 1].flatMap(() => Array.from({ length: width }, (_, i) => (i % 2 === 0 ? 1 : 0)));
      const convolved = tf.grad((v) => tf.sum(tf.conv2d(v as tf.Tensor4D, filter, [1, 2], 'valid')))(x);
      const pooled = tf.grad((v) => tf.sum(tf.avgPool(v as tf.Tensor4D, [1, 1], [1, 2], 'valid')))(x);
      expect(Array.from(convolved.dataSync())).toEqual(expected);
      expect(Array.from(pooled.dataSync())).toEqual(expected);
    });
  }
  filter.dispose();
});

it('a window that tfjs lets end before the image does', async () => {
  for (const { shape, values } of await everyWay(
    (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, 0),
    () => [image(4, 3), float([1, 1, 1], [3, 1, 1, 1])],
  )) {
    expect(shape).toEqual([1, 1, 2, 1]); // columns are counted by the height of the kernel
    expect(values).toEqual([15, 18]);
  }
});

describe('an index that is out of range is an error each time, in every way', () => {
  const table = (shape = [3, 2]) => tf.ones(shape);
  const kernels: Record<string, (ids: tf.Tensor) => tf.Tensor> = {
    gather: (ids) => tf.gather(table(), ids as tf.Tensor1D),
    'gather in batches': (ids) => tf.gather(table([2, 3]), tf.reshape(ids, [2, 1]), 1, 1),
    gatherND: (ids) => tf.gatherND(table(), tf.reshape(ids, [2, 1])),
    'gatherND of two axes': (ids) => tf.gatherND(table([3, 3]), tf.stack([ids, tf.zerosLike(ids)], 1)),
    scatterND: (ids) => tf.scatterND(tf.reshape(ids, [2, 1]) as tf.Tensor2D, table([2, 2]), [3, 2]),
    'scatterND of two axes': (ids) => tf.scatterND(tf.stack([tf.zerosLike(ids), ids], 1), tf.ones([2]), [4, 3]),
    tensorScatterUpdate: (ids) => tf.tensorScatterUpdate(table(), tf.reshape(ids, [2, 1]), table([2, 2])),
    sparseToDense: (ids) => tf.sparseToDense(ids, tf.ones([2]), [3], 0),
  };
  for (const [name, f] of Object.entries(kernels)) {
    it.each([-1, -3, 3, 2 ** 31 - 1, -(2 ** 31)])(`${name}: %d`, async (id) => {
      for (const backend of ['onnx', GRAPH]) {
        await tf.setBackend(backend);
        expect(() => tf.tidy(() => void f(int([1, id])).dataSync())).toThrow();
        // Of indices that are computed, too.
        expect(() =>
          tf.tidy(() => void f(tf.add(tf.sum(tf.zeros([2, 2000], 'int32'), 1), int([1, id]))).dataSync()),
        ).toThrow();
      }
      const whole = compile(f);
      tf.tidy(() => {
        for (let call = 0; call < 3; call++) whole(int([0, 2]));
        for (let call = 0; call < 2; call++) expect(() => whole(int([1, id])).dataSync()).toThrow();
        expect(whole(int([1, 0])).dtype).toBe('float32');
      });
      whole.dispose();
    });
  }

  it('one-hot rows of it are empty, and segments that do not exist get nothing', async () => {
    const hot = await everyWay(
      (ids) => tf.oneHot(ids as tf.Tensor1D, 2),
      () => [int([-1, 1, 2])],
    );
    for (const { values } of hot) expect(values).toEqual([0, 0, 0, 1, 0, 0]);
    const sums = await everyWay(
      (x, ids) => tf.unsortedSegmentSum(x, ids as tf.Tensor1D, 2),
      () => [float([1, 2, 4]), int([-1, 1, 2])],
    );
    for (const { values } of sums) expect(values).toEqual([0, 2]);
  });

  it('negative values are not counted but refused', async () => {
    for (const backend of ['onnx', GRAPH]) {
      await tf.setBackend(backend);
      expect(() => tf.tidy(() => void tf.bincount(int([1, -1]) as tf.Tensor1D, [], 3).dataSync())).toThrow();
    }
  });
});

it('a tensor with fewer numbers than its shape says has zeros in their place', () => {
  tf.tidy(() => {
    // What tfjs makes of a list of tensors in place of one, as TransformerDecoder of tfjs-layers hands it over.
    const sum = tf.add([tf.ones([4])] as unknown as tf.Tensor, tf.ones([2000]));
    expect(new Set(sum.dataSync())).toEqual(new Set([1]));
  });
});
