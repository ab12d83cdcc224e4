import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { compile, registerOnnxBackend } from '../../src/index.js';
import { againstCpu, type Input, type Kernel, wave } from './against-cpu.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 1, hostThreshold: 0 });
  await tf.setBackend('onnx');
});

const integers = (shape: number[], below: number, from = 0): Input => ({
  values: Int32Array.from(wave(shape).values, (v) => from + Math.floor(((v + 1) / 2) * (below - from))),
  shape,
  dtype: 'int32',
});
const bools = (shape: number[]): Input => ({
  values: Uint8Array.from(wave(shape).values, (v) => (v > 0 ? 1 : 0)),
  shape,
  dtype: 'bool',
});

type Row = [name: string, f: Kernel, inputs: Input[], options?: { gradient?: boolean; atol?: number; rtol?: number }];

const complex = (a: tf.Tensor, b: tf.Tensor) => tf.complex(a, b);

const spectral: Row[] = [
  ...[1, 2, 3, 7, 16, 30, 127, 131, 200, 257, 400, 512].map(
    (n): Row => [
      `fft of length ${n}`,
      (re, im) => tf.fft(complex(re!, im!)),
      [wave([3, n]), wave([3, n], { seed: 2 })],
      { atol: 2e-4 },
    ],
  ),
  ...[1, 5, 64, 150, 384].map(
    (n): Row => [
      `ifft of length ${n}`,
      (re, im) => tf.ifft(complex(re!, im!)),
      [wave([2, 2, n]), wave([2, 2, n], { seed: 2 })],
    ],
  ),
  ['rfft, even', (x) => tf.spectral.rfft(x!), [wave([2, 3, 20])], { atol: 1e-4 }],
  ['rfft, cut and padded', (x) => [tf.spectral.rfft(x!, 9), tf.spectral.rfft(x!, 25)], [wave([2, 17])], { atol: 1e-4 }],
  ['irfft', (re, im) => tf.spectral.irfft(complex(re!, im!)), [wave([4, 9]), wave([4, 9], { seed: 2 })]],
  ['irfft, one bin', (re, im) => tf.spectral.irfft(complex(re!, im!)), [wave([4, 1]), wave([4, 1], { seed: 2 })]],
  ['stft', (x) => tf.signal.stft(x as tf.Tensor1D, 32, 13), [wave([150])], { atol: 1e-4 }],
  [
    'stft, longer transform',
    (x) => tf.signal.stft(x as tf.Tensor1D, 25, 10, 60, tf.signal.hammingWindow),
    [wave([90])],
    { atol: 1e-4 },
  ],
  [
    'complex arithmetic',
    (a, b) => tf.add(tf.mul(complex(a!, b!), complex(b!, a!)), tf.sub(complex(a!, a!), b!)),
    [wave([3, 5]), wave([3, 5], { seed: 2 })],
  ],
  [
    'complex magnitude',
    (a, b) => tf.abs(complex(a!, b!)),
    [
      { values: [3, 0, -5e-31, 1e30, Number.POSITIVE_INFINITY, Number.NaN], shape: [6], dtype: 'float32' },
      { values: [-4, 0, 5e-31, 1e30, 1, 2], shape: [6], dtype: 'float32' },
    ],
  ],
];

const arithmetic: Row[] = [
  ['atan2', (a, b) => tf.atan2(a!, b!), [wave([4, 5]), wave([4, 5], { seed: 2 })], { gradient: true }],
  ['atan2, broadcast', (a, b) => tf.atan2(a!, b!), [wave([4, 1, 3]), wave([2, 3], { seed: 2 })], { gradient: true }],
  [
    'atan2, zeros, infinities, NaN',
    (a) => tf.atan2(tf.reshape(a!, [-1, 1]), a!),
    [{ values: [0, -0, 1, -1, Infinity, -Infinity, Number.NaN], shape: [7], dtype: 'float32' }],
  ],
  ['bitwiseAnd', (a, b) => tf.bitwiseAnd(a!, b!), [integers([4, 3], 1000, -1000), integers([4, 3], 77)]],
  ['cumsum of bools', (x) => tf.cumsum(x!, 1), [bools([3, 5])]],
  ...[0, 1, 2].flatMap((axis) =>
    [false, true].flatMap((exclusive) =>
      [false, true].map(
        (reverse): Row => [
          `cumprod along ${axis}${exclusive ? ', exclusive' : ''}${reverse ? ', reverse' : ''}`,
          (x, k) => [tf.cumprod(x!, axis, exclusive, reverse), tf.cumprod(k!, axis, exclusive, reverse)],
          [wave([5, 3, 7], { scale: 2 }), integers([4, 5, 2], 4, -3)],
        ],
      ),
    ),
  ),
  ...[
    [5, 1, 1, 0.5],
    [0, 2, 0.3, 0.75],
    [2, 0.5, 2, 1],
    [9, 1, 0.01, 1.5],
  ].map(
    ([radius, bias, alpha, beta]): Row => [
      `local response normalisation, radius ${radius}`,
      (x) => tf.localResponseNormalization(x as tf.Tensor4D, radius, bias, alpha, beta),
      [wave([2, 3, 2, 7], { scale: 2 })],
      { gradient: true },
    ],
  ),
  ['range and linspace', (x) => [tf.mul(x!, tf.range(0, 40)), tf.add(x!, tf.linspace(-1, 1, 40))], [wave([40])]],
  [
    'where and pad on bools',
    (c, a, b) => [
      tf.where(c!, a!, b!),
      tf.pad(a!, [
        [1, 0],
        [0, 2],
      ]),
      tf.pad(
        a!,
        [
          [1, 0],
          [0, 2],
        ],
        1,
      ),
    ],
    [bools([3, 4]), bools([3, 4]), { ...bools([3, 4]), values: new Uint8Array(12).fill(1) }],
  ],
];

const counts: Row[] = [
  ['bincount', (x) => tf.bincount(x as tf.Tensor1D, [], 7), [integers([50], 9)]],
  [
    'bincount, float weights',
    (x, w) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 12),
    [integers([50], 9), wave([50])],
  ],
  [
    'bincount, integer weights',
    (x, w) => tf.bincount(x as tf.Tensor1D, w as tf.Tensor1D, 5),
    [integers([50], 9), integers([50], 100)],
  ],
  ['denseBincount of a vector', (x) => tf.denseBincount(x as tf.Tensor1D, [], 7), [integers([31], 9)]],
  [
    'denseBincount of rows',
    (x, w) => tf.denseBincount(x as tf.Tensor2D, w as tf.Tensor2D, 6),
    [integers([3, 13], 9), wave([3, 13])],
  ],
  [
    'denseBincount of rows, present or not',
    (x) => tf.denseBincount(x as tf.Tensor2D, [] as never, 6, true),
    [integers([3, 13], 9)],
  ],
  ...(['left', 'right'] as const).map(
    (side): Row => [
      `searchSorted ${side}`,
      (s, v) => tf.searchSorted(s!, v!, side),
      [
        { values: [0, 1, 1, 3, 9, -5, -5, 0, 2, 2], shape: [2, 5], dtype: 'float32' },
        { values: [1, 0, 10, -9, -5, 2, 3, 1], shape: [2, 4], dtype: 'float32' },
      ],
    ],
  ),
  ['diag', (x, k) => [tf.diag(x!), tf.diag(k!)], [wave([2, 3]), integers([4], 9)]],
  [
    'tensorScatterUpdate',
    (x, i, u) => tf.tensorScatterUpdate(x!, i!, u!),
    [wave([5, 3]), { values: [4, 0], shape: [2, 1], dtype: 'int32' }, wave([2, 3], { seed: 2 })],
  ],
  [
    'sparseToDense',
    (i, v) => tf.sparseToDense(i!, v!, [4, 5], 0.5),
    [{ values: [0, 1, 3, 2, 2, 4], shape: [3, 2], dtype: 'int32' }, wave([3])],
  ],
];

const images: Row[] = [
  ...(['bilinear', 'nearest'] as const).flatMap((method) =>
    [
      [4, 5],
      [1, 1],
      [1, 7],
      [9, 3],
    ].map(
      (size): Row => [
        `cropAndResize ${method} to ${size}`,
        (image, boxes, index) =>
          tf.image.cropAndResize(
            image as tf.Tensor4D,
            boxes as tf.Tensor2D,
            index as tf.Tensor1D,
            size as [number, number],
            method,
            -3,
          ),
        [
          wave([2, 5, 7, 3]),
          {
            values: [0, 0, 1, 1, 0.2, 0.1, 0.7, 0.9, 1, 1, 0, 0, -0.2, 0.3, 0.5, 1.4],
            shape: [4, 4],
            dtype: 'float32',
          },
          { values: [0, 1, 1, 0], shape: [4], dtype: 'int32' },
        ],
      ],
    ),
  ),
  ...[
    [2, 2, 2],
    [3, 1, 4],
    [2, 3, 5],
  ].flatMap(([size, stride, pad]): Row[] => [
    [
      `max pooling ${size} by ${stride} with padding ${pad}`,
      (x) => tf.maxPool(x as tf.Tensor4D, size!, stride!, pad!, 'floor'),
      [wave([2, 5, 6, 3])],
      { gradient: true },
    ],
    [
      `average pooling ${size} by ${stride} with padding ${pad}`,
      (x) => tf.avgPool(x as tf.Tensor4D, size!, stride!, pad!, 'floor'),
      [wave([2, 5, 6, 3])],
    ],
  ]),
];

for (const [group, rows] of Object.entries({ spectral, arithmetic, counts, images })) {
  describe(`${group} kernels equal backend cpu`, () => {
    it.each(rows)('%s', async (_name, f, inputs, options) => {
      await againstCpu(f, inputs, options);
    });
  });
}

describe('what backend cpu cannot show', () => {
  it('complex tensors are cut, joined and moved as their parts are', async () => {
    await tf.setBackend('onnx');
    tf.tidy(() => {
      const [a, b] = [tf.tensor(wave([3, 5]).values, [3, 5]), tf.tensor(wave([3, 5], { seed: 2 }).values, [3, 5])];
      const pieces: ((x: tf.Tensor) => tf.Tensor)[] = [
        (x) => tf.slice(x, [1, 0], [2, 4]),
        (x) => tf.concat([x, tf.reverse(x, 1)], 1),
        (x) => tf.transpose(x),
        (x) => tf.gather(x, [2, 0, 2], 1),
        (x) => tf.stack(tf.unstack(x, 1).slice(1), 0),
        (x) => tf.split(x, [2, 3], 1)[1]!,
        (x) => tf.tile(x, [2, 1]),
        (x) => tf.stridedSlice(x, [0, 4], [3, 0], [2, -2]),
      ];
      for (const piece of pieces) {
        const z = piece(tf.complex(a, b));
        expect(z.dtype).toBe('complex64');
        expect(tf.real(z)).toBeAllclose(piece(a));
        expect(tf.imag(z)).toBeAllclose(piece(b));
      }
    });
  });

  it('a long transform equals the sum of its definition', async () => {
    const n = 1500; // 30 * 50: two rounds
    const x = wave([n]).values;
    await tf.setBackend('onnx');
    const [re, im] = tf.tidy(() => {
      const z = tf.fft(tf.complex(tf.tensor(x), tf.zeros([n])));
      return [tf.real(z).dataSync(), tf.imag(z).dataSync()];
    });
    for (const k of [0, 1, 29, 750, 1499]) {
      let [a, b] = [0, 0];
      for (let i = 0; i < n; i++) {
        a += x[i]! * Math.cos((2 * Math.PI * i * k) / n);
        b -= x[i]! * Math.sin((2 * Math.PI * i * k) / n);
      }
      expect(re[k]).toBeCloseTo(a, 3);
      expect(im[k]).toBeCloseTo(b, 3);
    }
  });

  it.each([
    [3, 2, [6, 4], 1],
    [3, 2, [6, 2], 2],
    [5, 7, [10, 14], 3],
    [3, 3, [7, 8], 2],
    [7, 5, [4, 3], 2],
  ] as const)(
    'the gradient of enlarging %d by %d to %s with %d channels sums the copies of each pixel',
    async (h, w, [oh, ow], c) => {
      // Backend cpu has it wrong for more than one image.
      await tf.setBackend('onnx');
      const [shape, size] = [
        [2, h, w, c],
        [2, oh, ow, c],
      ];
      const weights = wave(size).values;
      const expected = new Float32Array(2 * h * w * c);
      weights.forEach((weight, place) => {
        const k = place % c;
        const j = Math.floor(place / c) % ow;
        const i = Math.floor(place / (c * ow)) % oh;
        const b = Math.floor(place / (c * ow * oh));
        expected[((b * h + Math.floor((i * h) / oh)) * w + Math.floor((j * w) / ow)) * c + k]! += weight;
      });
      const gradient = tf.tidy(() =>
        tf
          .grad((x) =>
            tf.sum(tf.mul(tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [oh, ow]), tf.tensor(weights, size))),
          )(tf.zeros(shape))
          .dataSync(),
      );
      expect(gradient).toBeAllclose(expected);
    },
  );

  it('the gradient of average pooling whose windows may see nothing is the transpose of the pooling', async () => {
    await tf.setBackend('onnx');
    tf.tidy(() => {
      const x = tf.tensor(wave([1, 3, 3, 1]).values, [1, 3, 3, 1]) as tf.Tensor4D;
      // Windows of 2 by 2 with stride 1 and padding 2: the outermost see nothing.
      const seen = (v: tf.Tensor4D) => tf.slice(tf.avgPool(v, 2, 1, 2), [0, 1, 1, 0], [1, 4, 4, 1]);
      const w = wave([1, 4, 4, 1], { seed: 3 }).values;
      const gradient = tf
        .grad((v) => tf.sum(tf.mul(seen(v as tf.Tensor4D), tf.tensor(w, [1, 4, 4, 1]))))(x)
        .dataSync();
      const expected = new Float32Array(9);
      for (let i = 0; i < 4; i++) {
        for (let j = 0; j < 4; j++) {
          const places: number[] = [];
          for (let a = i - 1; a <= i; a++)
            for (let b = j - 1; b <= j; b++) if (a >= 0 && a < 3 && b >= 0 && b < 3) places.push(3 * a + b);
          for (const place of places) expected[place]! += w[4 * i + j]! / places.length;
        }
      }
      expect(gradient).toBeAllclose(expected);
    });
  });

  it('ranges and random draws that change from call to call are not frozen', async () => {
    await tf.setBackend('onnx');
    let from = 0;
    const ramp = compile((x: tf.Tensor) => tf.add(x, tf.range(from, from++ + 100)));
    const chances = tf.zeros<tf.Rank.R2>([1, 4]);
    const draw = compile((x: tf.Tensor) => tf.add(x, tf.cast(tf.multinomial(chances, 100), 'float32')));
    const x = tf.zeros([100]);
    for (const f of [ramp, draw]) {
      f(x);
      expect(() => f(x)).toThrow(/other numbers each time|other steps each time/);
      f.dispose();
    }
  });
});
