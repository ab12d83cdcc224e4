import type { Attributes, Value } from '../../src/ir/graph.js';
import { composite } from '../../src/ir/ops.js';
import { broadcastShapes } from '../../src/ir/shapes.js';
import { given, random, sizeOf } from '../evaluate.js';
import { wave } from '../kernels/against-cpu.js';

/**
 * Shapes on which every formulation of a composite is tried where it says that it applies. A new formulation needs no
 * new test, only rows here if it applies to shapes that no row has yet.
 */

type List = readonly number[];

export interface WindowCase {
  batch: number;
  channels: number;
  /** Output channels; the multiplier of depthwise convolutions. */
  out: number;
  size: List;
  kernel: List;
  strides?: List;
  dilations?: List;
  pad?: 'same' | 'valid' | number;
  groups?: number;
}

export const convolutions: readonly WindowCase[] = [
  { batch: 2, channels: 3, out: 4, size: [7, 6], kernel: [3, 3] },
  { batch: 3, channels: 2, out: 5, size: [9, 8], kernel: [3, 3], pad: 'same' },
  { batch: 2, channels: 3, out: 4, size: [8, 11], kernel: [5, 5], pad: 'same' },
  { batch: 2, channels: 4, out: 3, size: [12, 12], kernel: [5, 5] },
  { batch: 1, channels: 1, out: 1, size: [5, 5], kernel: [1, 1] },
  { batch: 4, channels: 5, out: 7, size: [6, 4], kernel: [1, 1], strides: [2, 2] },
  { batch: 2, channels: 3, out: 4, size: [9, 7], kernel: [3, 3], strides: [2, 2], pad: 'same' },
  { batch: 2, channels: 3, out: 4, size: [8, 8], kernel: [4, 4], strides: [2, 2], pad: 'same' },
  { batch: 2, channels: 3, out: 4, size: [8, 8], kernel: [4, 4], strides: [2, 2], pad: 1 },
  { batch: 2, channels: 2, out: 3, size: [11, 10], kernel: [5, 3], strides: [3, 2], pad: 'same' },
  { batch: 2, channels: 2, out: 3, size: [11, 10], kernel: [2, 3], strides: [3, 4] },
  { batch: 2, channels: 3, out: 2, size: [10, 9], kernel: [3, 3], dilations: [2, 2], pad: 'same' },
  { batch: 2, channels: 3, out: 2, size: [11, 12], kernel: [3, 2], dilations: [2, 3] },
  { batch: 2, channels: 2, out: 2, size: [4, 4], kernel: [4, 4] },
  { batch: 2, channels: 2, out: 2, size: [3, 3], kernel: [3, 3], pad: 2 },
  { batch: 2, channels: 2, out: 3, size: [6, 5], kernel: [3, 3], pad: 3 },
  { batch: 3, channels: 2, out: 3, size: [1, 13], kernel: [1, 3], pad: 'same' },
  { batch: 2, channels: 2, out: 3, size: [9, 1], kernel: [3, 1], strides: [2, 1] },
  { batch: 2, channels: 6, out: 4, size: [7, 5], kernel: [3, 3], pad: 'same', groups: 2 },
  { batch: 2, channels: 16, out: 32, size: [6, 6], kernel: [3, 3], pad: 'same' },
  { batch: 2, channels: 2, out: 3, size: [5, 4, 6], kernel: [3, 2, 3], pad: 'same' },
  { batch: 2, channels: 2, out: 3, size: [5, 7, 6], kernel: [2, 3, 1], strides: [2, 1, 3] },
  { batch: 1, channels: 2, out: 2, size: [7, 6, 5], kernel: [2, 2, 2], dilations: [2, 1, 2] },
];

/** Where multiply-saving forms pay: many channels, small images, kernels of 2 to 7 taps. For their errors. */
export const deepConvolutions: readonly WindowCase[] = [
  { batch: 2, channels: 128, out: 32, size: [8, 8], kernel: [3, 3], pad: 'same' },
  { batch: 4, channels: 256, out: 16, size: [4, 4], kernel: [3, 3], pad: 'same' },
  { batch: 2, channels: 64, out: 48, size: [12, 12], kernel: [3, 3], pad: 'same' },
  { batch: 4, channels: 64, out: 50, size: [12, 12], kernel: [5, 5] },
  { batch: 2, channels: 128, out: 32, size: [8, 8], kernel: [4, 4], strides: [2, 2], pad: 1 },
  { batch: 4, channels: 48, out: 32, size: [13, 7], kernel: [2, 6], pad: 'same' },
  { batch: 4, channels: 64, out: 64, size: [1, 24], kernel: [1, 5], pad: 'same' },
  { batch: 4, channels: 32, out: 32, size: [11, 9], kernel: [7, 7], pad: 'same' },
];

export const depthwises: readonly WindowCase[] = [
  { batch: 2, channels: 3, out: 1, size: [7, 6], kernel: [3, 3], pad: 'same' },
  { batch: 2, channels: 4, out: 2, size: [8, 5], kernel: [3, 2] },
  { batch: 3, channels: 2, out: 3, size: [9, 9], kernel: [3, 3], strides: [2, 2], pad: 'same' },
  { batch: 2, channels: 3, out: 1, size: [8, 8], kernel: [5, 5], strides: [2, 2], pad: 2 },
  { batch: 2, channels: 2, out: 2, size: [10, 9], kernel: [3, 3], dilations: [2, 2], pad: 'same' },
  { batch: 1, channels: 1, out: 1, size: [4, 4], kernel: [1, 1] },
];

export const poolings: readonly WindowCase[] = [
  { batch: 2, channels: 3, out: 3, size: [8, 6], kernel: [2, 2], strides: [2, 2] },
  { batch: 2, channels: 3, out: 3, size: [9, 7], kernel: [2, 2], strides: [2, 2] },
  { batch: 2, channels: 3, out: 3, size: [9, 7], kernel: [2, 2], strides: [2, 2], pad: 'same' },
  { batch: 2, channels: 3, out: 3, size: [9, 12], kernel: [3, 4], strides: [3, 4] },
  { batch: 2, channels: 2, out: 2, size: [9, 8], kernel: [3, 3], strides: [2, 2], pad: 'same' },
  { batch: 2, channels: 2, out: 2, size: [7, 7], kernel: [3, 3], strides: [1, 1] },
  { batch: 2, channels: 2, out: 2, size: [7, 6], kernel: [3, 2], strides: [2, 1], pad: 1 },
  { batch: 2, channels: 2, out: 2, size: [10, 9], kernel: [2, 2], strides: [3, 3] },
  { batch: 1, channels: 2, out: 2, size: [5, 5], kernel: [5, 5], strides: [5, 5] },
  { batch: 3, channels: 4, out: 4, size: [1, 14], kernel: [1, 2], strides: [1, 2] },
  { batch: 2, channels: 2, out: 2, size: [4, 5, 6], kernel: [2, 2, 2], strides: [2, 2, 2] },
  { batch: 2, channels: 2, out: 2, size: [5, 4, 6], kernel: [3, 2, 3], strides: [2, 2, 1], pad: 'same' },
];

export interface Case {
  name: string;
  value: Value;
}

/** Attributes and result size of a row, as composites have them. */
export function geometry({ size, kernel, strides, dilations, pad = 'valid', groups }: WindowCase): {
  attrs: Attributes;
  out: number[];
} {
  const s = strides ?? kernel.map(() => 1);
  const d = dilations ?? kernel.map(() => 1);
  const reach = kernel.map((k, i) => (k - 1) * d[i]! + 1);
  const out = size.map((length, i) => {
    if (pad === 'same') return Math.ceil(length / s[i]!);
    const around = pad === 'valid' ? 0 : 2 * pad;
    return Math.floor((length + around - reach[i]!) / s[i]!) + 1;
  });
  const total = size.map((length, i) => Math.max(0, (out[i]! - 1) * s[i]! + reach[i]! - length));
  const begin = total.map((t) => (pad === 'same' ? Math.floor(t / 2) : pad === 'valid' ? 0 : pad));
  const end = total.map((_, i) => Math.max(0, (out[i]! - 1) * s[i]! + reach[i]! - size[i]! - begin[i]!));
  return { attrs: { kernel, strides: s, dilations: d, begin, end, ...(groups === undefined ? {} : { groups }) }, out };
}

function label({ batch, channels, out, size, kernel, strides, dilations, pad, groups }: WindowCase): string {
  const parts = [`${batch}x${size.join('x')}x${channels}`, `to ${out}`, `kernel ${kernel.join('x')}`];
  if (strides) parts.push(`stride ${strides.join('x')}`);
  if (dilations) parts.push(`dilation ${dilations.join('x')}`);
  if (pad !== undefined) parts.push(`pad ${pad}`);
  if (groups) parts.push(`groups ${groups}`);
  return parts.join(', ');
}

/** A convolution and its gradients over each row. */
export function convolutionCases(list: readonly WindowCase[], kind: 'Conv' | 'Depthwise'): Case[] {
  return list.flatMap((row) => {
    const { attrs, out } = geometry(row);
    const { batch, channels, kernel, groups = 1 } = row;
    const image = [batch, ...row.size, channels];
    const filter = [...kernel, ...(kind === 'Conv' ? [channels / groups, row.out] : [channels, row.out])];
    const result = [batch, ...out, kind === 'Conv' ? row.out : channels * row.out];
    const [forward, name] = [kind === 'Conv' ? 'Conv' : 'DepthwiseConv', label(row)];
    const [x, w, dy] = [random(image, 1), random(filter, 2), random(result, 3)];
    const cases: Case[] = [{ name: `${forward} ${name}`, value: composite(forward, [x, w], result, 'float32', attrs) }];
    // tfjs has no gradients of grouped convolutions.
    if (groups > 1) return cases;
    cases.push(
      {
        name: `${kind}InputGradient ${name}`,
        value: composite(`${kind}InputGradient`, [dy, w], image, 'float32', attrs),
      },
      {
        name: `${kind}FilterGradient ${name}`,
        value: composite(`${kind}FilterGradient`, [x, dy], filter, 'float32', attrs),
      },
    );
    return cases;
  });
}

function poolingCases(): Case[] {
  return poolings.flatMap((row) => {
    const { attrs, out } = geometry(row);
    const image = [row.batch, ...row.size, row.channels];
    const result = [row.batch, ...out, row.channels];
    const name = label(row);
    // Few different values, so that there are ties: the first largest wins.
    const x = given(
      image,
      wave(image, { seed: 1 }).values.map((v) => Math.round(3 * v)),
    );
    const dy = random(result, 3);
    const y = composite('MaxPool', [x], result, 'float32', attrs);
    return [
      { name: `MaxPool ${name}`, value: y },
      { name: `AveragePool ${name}`, value: composite('AveragePool', [x], result, 'float32', attrs) },
      { name: `MaxPoolGradient ${name}`, value: composite('MaxPoolGradient', [dy, x, y], image, 'float32', attrs) },
      { name: `AveragePoolGradient ${name}`, value: composite('AveragePoolGradient', [dy], image, 'float32', attrs) },
    ];
  });
}

const products: readonly [List, List, boolean, boolean][] = [
  [[3, 5], [5, 4], false, false],
  [[5, 3], [5, 4], true, false],
  [[3, 5], [4, 5], false, true],
  [[5, 3], [4, 5], true, true],
  [[1, 7], [7, 1], false, false],
  [[2, 3, 5], [2, 5, 4], false, false],
  [[2, 5, 3], [5, 4], true, false],
  [[3, 5], [2, 4, 5], false, true],
  [[2, 1, 5, 3], [3, 4, 5], true, true],
];

const productCases = (): Case[] =>
  products.map(([a, b, transA, transB]) => {
    const rows = a[a.length - (transA ? 1 : 2)]!;
    const columns = b[b.length - (transB ? 2 : 1)]!;
    const shape = [...broadcastShapes(a.slice(0, -2), b.slice(0, -2)), rows, columns];
    const attrs = { transA: transA ? 1 : 0, transB: transB ? 1 : 0 };
    const name = `MatMul [${a}]${transA ? "'" : ''} [${b}]${transB ? "'" : ''}`;
    return { name, value: composite('MatMul', [random(a, 1), random(b, 2)], shape, 'float32', attrs) };
  });

const segmentCases = (): Case[] =>
  [
    [40, 3, 7],
    [5, 1, 1],
    [300, 4, 5],
    [64, 2, 3000],
  ].map(([count, width, rows]) => {
    // Many duplicates, and some outside of the range, which are ignored.
    const index = Array.from({ length: count! }, (_, i) => ((i * 7) % (rows! + 2)) - 1);
    const value = composite(
      'SegmentSum',
      [random([count!, width!], 1), given([count!], index, 'int32')],
      [rows!, width!],
      'float32',
      { rows: rows! },
    );
    return { name: `SegmentSum ${count}x${width} into ${rows}`, value };
  });

const stepCases = (): Case[] =>
  [0, 0.2, 1].flatMap((alpha) => {
    const shape = [3, 1, 5];
    const x = given(shape, [0, -0, 1e-30, -1e-30, 3, -3, 1e30, -1e30, 1, -1, 0.5, -0.5, 2, -2, 7]);
    const size = sizeOf(shape);
    return [
      { name: `Step ${alpha} of ${size}`, value: composite('Step', [x], shape, 'float32', { alpha }) },
      {
        name: `StepGradient ${alpha} of ${size}`,
        value: composite('StepGradient', [random(shape, 2), x], shape, 'float32', { alpha }),
      },
    ];
  });

export function allCases(): Case[] {
  return [
    ...convolutionCases(convolutions, 'Conv'),
    ...convolutionCases(depthwises, 'Depthwise'),
    ...poolingCases(),
    ...productCases(),
    ...segmentCases(),
    ...stepCases(),
  ];
}
