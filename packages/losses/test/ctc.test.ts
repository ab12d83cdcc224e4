import { compile } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { allclose, expectNoLeak, golden, goldenIndex, gradientCheck } from '@crossmodal/testkit';
import type { Scalar, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { ctcLoss } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend();

interface Case {
  name: string;
  options: {
    targets: number[][];
    input_lengths: number[];
    blank?: number;
    reduction?: 'mean' | 'sum' | 'none';
    zero_infinity?: boolean;
  };
  tolerance: { rtol: number; atol: Record<string, number> };
}

const { cases } = goldenIndex<{ cases: Case[] }>(new URL('golden/ctc/', import.meta.url));

/** Logits that differ from place to place. */
const wave = (shape: [number, number, number], scale = 1): Tensor3D =>
  tf.tensor3d(
    Float32Array.from({ length: shape[0] * shape[1] * shape[2] }, (_, i) => scale * Math.sin(1.7 * i + 0.3 * i * i)),
    shape,
  );

const rows = (labels: readonly number[][], padding = 0) => {
  const length = Math.max(1, ...labels.map((row) => row.length));
  return {
    labels: tf.tensor2d(
      labels.flatMap((row) => [...row, ...new Array<number>(length - row.length).fill(padding)]),
      [labels.length, length],
      'int32',
    ),
    labelLengths: tf.tensor1d(
      labels.map((row) => row.length),
      'int32',
    ),
  };
};

/** -log of the sum over every sequence of classes that collapses to the labels. */
function naive(logits: number[][], labels: readonly number[], blank: number): number {
  const logProbabilities = logits.map((row) => {
    const sum = Math.log(row.reduce((s, x) => s + Math.exp(x), 0));
    return row.map((x) => x - sum);
  });
  const classes = logits[0]!.length;
  let total = 0;
  const walk = (t: number, path: number[], log: number) => {
    if (t === logits.length) {
      const merged = path.filter((c, i) => c !== path[i - 1]).filter((c) => c !== blank);
      if (merged.length === labels.length && merged.every((c, i) => c === labels[i])) total += Math.exp(log);
      return;
    }
    for (let c = 0; c < classes; c++) walk(t + 1, [...path, c], log + logProbabilities[t]![c]!);
  };
  walk(0, [], 0);
  return -Math.log(total);
}

describe('ctcLoss', () => {
  it.each(cases)('has the value and the gradient of PyTorch: $name', ({ name, options, tolerance }) => {
    tf.tidy(() => {
      const file = golden(new URL(`golden/ctc/${name}.safetensors`, import.meta.url));
      const logits = tf.transpose(file.tensor('in.logits'), [1, 0, 2]) as Tensor3D;
      const { labels, labelLengths } = rows(options.targets, -1);
      const inputLengths = tf.tensor1d(options.input_lengths, 'int32');
      const loss = (x: Tensor3D) =>
        ctcLoss(x, labels, {
          ...{ inputLengths, labelLengths },
          blank: options.blank ?? 0,
          zeroInfinity: options.zero_infinity ?? false,
          reduction: (options.reduction ?? 'mean') as 'none',
        });
      const closeness = (key: string) => ({ rtol: tolerance.rtol, atol: tolerance.atol[key]! });
      allclose(loss(logits), file.tensor('out.loss'), closeness('out.loss'));
      const cotangent = file.tensor('cotangent.loss');
      const gradient = tf.grad((x) => tf.sum(tf.mul(loss(x as Tensor3D), cotangent)))(logits);
      allclose(tf.transpose(gradient, [1, 0, 2]), file.tensor('grad.logits'), closeness('grad.logits'));
    });
  });

  it.each([
    [[1, 2], 0],
    [[1, 1], 0],
    [[], 0],
    [[2, 1, 2], 0],
    [[0, 1], 2],
    [[0, 0], 1],
  ] as const)('is -log of the sum over all alignments: labels %j, blank %i', (labels, blank) => {
    tf.tidy(() => {
      const logits = wave([1, 5, 3]);
      const { labels: ids, labelLengths } = rows([[...labels]], 2);
      const loss = ctcLoss(logits, ids, { labelLengths, blank });
      const expected = naive(logits.arraySync()[0]!, labels, blank) / Math.max(1, labels.length);
      allclose(loss, tf.scalar(expected), { rtol: 1e-5 });
    });
  });

  it('has the gradient of its value', () => {
    tf.tidy(() => {
      const { labels, labelLengths } = rows([[1, 1, 2], [3], []]);
      const inputLengths = tf.tensor1d([7, 4, 6], 'int32');
      gradientCheck((x) => ctcLoss(x as Tensor3D, labels, { inputLengths, labelLengths }), [wave([3, 7, 4])]);
    });
  });

  it('is finite where alignments are less probable than float32 can say', () => {
    tf.tidy(() => {
      const frames = 60;
      const logits = tf.tidy(() => tf.mul(tf.oneHot(tf.zeros([1, frames], 'int32'), 4), 40)) as Tensor3D;
      const labels = tf.tensor2d([[1, 2, 3, 1, 2, 3]], [1, 6], 'int32');
      // Six labels, 40 nats each, placed among sixty blanks: binomial(60, 6) ways (equal neighbours do not occur).
      const ways = [60, 59, 58, 57, 56, 55].reduce((product, n, i) => (product * n) / (i + 1), 1);
      allclose(ctcLoss(logits, labels, { reduction: 'sum' }), tf.scalar(240 - Math.log(ways)), { rtol: 1e-5 });
    });
  });

  it('says Infinity for labels that do not fit in, with a gradient of NaN in their row alone', () => {
    tf.tidy(() => {
      const { labels, labelLengths } = rows([[1, 1, 1], [2]]);
      const logits = wave([2, 4, 3]);
      const loss = (x: Tensor3D, zeroInfinity: boolean) =>
        ctcLoss(x, labels, { labelLengths, zeroInfinity, reduction: 'none' });
      const [first, second] = loss(logits, false).arraySync() as [number, number];
      expect([first, Number.isFinite(second)]).toEqual([Number.POSITIVE_INFINITY, true]);
      const gradient = tf
        .grad((x) => tf.sum(loss(x as Tensor3D, false)))(logits)
        .arraySync() as number[][][];
      expect(gradient[0]!.flat().every(Number.isNaN)).toBe(true);
      expect(gradient[1]!.flat().every(Number.isFinite)).toBe(true);
      const cut = tf
        .grad((x) => tf.sum(loss(x as Tensor3D, true)))(logits)
        .arraySync() as number[][][];
      expect(cut[0]!.flat().every((value) => value === 0)).toBe(true);
      expect(cut[1]).toEqual(gradient[1]);
    });
  });

  it('does not read logits behind a row’s frames nor labels behind its labels', () => {
    tf.tidy(() => {
      const { labels, labelLengths } = rows([[1, 2, 1], [3]], 0);
      const other = rows([[1, 2, 1], [3]], 2);
      const inputLengths = tf.tensor1d([6, 3], 'int32');
      const logits = wave([2, 6, 4]);
      const changed = tf.add(
        logits,
        tf.mul(
          tf.oneHot(
            tf.tensor2d(
              [
                [9, 9, 9, 9, 9, 9],
                [9, 9, 9, 1, 2, 3],
              ],
              [2, 6],
              'int32',
            ),
            4,
          ),
          50,
        ),
      ) as Tensor3D;
      const a = ctcLoss(logits, labels, { inputLengths, labelLengths, reduction: 'none' });
      const b = ctcLoss(changed, other.labels, { inputLengths, labelLengths, reduction: 'none' });
      allclose(a, b, { rtol: 1e-6 });
    });
  });

  it('leaks nothing', async () => {
    const { labels, labelLengths } = rows([[1, 2]]);
    const logits = wave([1, 4, 3]);
    await expectNoLeak(() => tf.dispose(tf.grad((x) => ctcLoss(x as Tensor3D, labels, { labelLengths }))(logits)));
    tf.dispose([labels, labelLengths, logits]);
  });

  it.each([
    [
      'logits of rank 2',
      () => ctcLoss(tf.zeros([2, 3]) as never, tf.zeros([2, 1], 'int32')),
      /must be \[batch, frames, classes\]/,
    ],
    [
      'lists of different length',
      () => ctcLoss(tf.zeros([2, 3, 4]), tf.zeros([1, 1], 'int32')),
      /got \[2,3,4\] and \[1,1\]/,
    ],
    [
      'a blank that is no class',
      () => ctcLoss(tf.zeros([1, 3, 4]), tf.ones([1, 1], 'int32'), { blank: 4 }),
      /blank must be/,
    ],
    [
      'the blank as a label',
      () => ctcLoss(tf.zeros([1, 3, 4]), tf.zeros([1, 1], 'int32')),
      /other than the blank 0, got 0 at \[0,0\]/,
    ],
    ['a label that is no class', () => ctcLoss(tf.zeros([1, 3, 4]), tf.fill([1, 1], 4, 'int32')), /in \[0, 4\).*got 4/],
    [
      'too many labels',
      () => ctcLoss(tf.zeros([1, 3, 4]), tf.ones([1, 1], 'int32'), { labelLengths: tf.tensor1d([2]) }),
      /in \[0, 1\], got 2/,
    ],
    [
      'lengths of another batch',
      () => ctcLoss(tf.zeros([1, 3, 4]), tf.ones([1, 1], 'int32'), { inputLengths: tf.tensor1d([3, 3]) }),
      /inputLengths must be \[1\], got \[2\]/,
    ],
    ['an unknown option', () => ctcLoss(tf.zeros([1, 3, 4]), tf.ones([1, 1], 'int32'), { blanc: 1 } as never), /blank/],
  ])('refuses %s', (_, call, message) => {
    expect(() => tf.tidy(call as () => Scalar)).toThrow(message);
  });
});

describe('ctcLoss, compiled', () => {
  it('is traced once, and a label that is none makes its row NaN', async () => {
    await useDevice('cpu');
    let runs = 0;
    const step = compile((x: Tensor3D, labels: Tensor2D, lengths: Tensor1D) => {
      runs++;
      const loss = (y: Tensor3D) => ctcLoss(y, labels, { labelLengths: lengths, reduction: 'none' });
      return { loss: loss(x), gradient: tf.grad((y) => tf.sum(loss(y as Tensor3D)))(x) };
    });
    const logits = wave([2, 20, 5]);
    const [plain, wanted] = tf.tidy(() => {
      const { labels, labelLengths } = rows([[1, 2, 2, 3], [4]]);
      return [ctcLoss(logits, labels, { labelLengths, reduction: 'none' }).arraySync(), labelLengths.arraySync()];
    });
    for (let i = 0; i < 5; i++) {
      const { labels, labelLengths } = rows([[1, 2, 2, 3], [4]], i === 4 ? 9 : 0);
      const { loss, gradient } = step(logits, labels, labelLengths);
      allclose(loss, tf.tensor1d(plain as number[]), { rtol: 1e-5 });
      tf.dispose([loss, gradient, labels, labelLengths]);
    }
    expect(wanted).toEqual([4, 1]);
    expect(runs).toBe(3); // once as it is, twice to compare what is recorded
    const { labels, labelLengths } = rows([[1, 2, 2, 3], [7]]);
    const { loss } = step(logits, labels, labelLengths);
    const [first, second] = loss.arraySync() as [number, number];
    expect([Number.isFinite(first), Number.isNaN(second)]).toEqual([true, true]);
    step.dispose();
  });
});
