import { describe, expect, it } from 'vitest';
import { formulations } from '../../src/formulations/table.js';
import { costOf, direct } from '../../src/formulations/toom-cook-cost.js';
import { type AxisGeometry, MOST_POINTS } from '../../src/formulations/toom-cook-matrices.js';
import { convolutionCases, type WindowCase } from './cases.js';

const toomCook = formulations.filter(({ name }) => name === 'toom-cook');

interface Layer {
  batch: number;
  channels: number;
  out: number;
  size: readonly [number, number];
  kernel: readonly [number, number];
  stride?: number;
}

/** Padded as `same`. */
function geometry({ size, kernel, stride = 1 }: Layer): [AxisGeometry, AxisGeometry] {
  const axis = (i: 0 | 1): AxisGeometry => {
    const s = kernel[i] === 1 ? 1 : stride;
    return { size: size[i], out: Math.ceil(size[i] / s), kernel: kernel[i], stride: s, begin: (kernel[i] - 1) >> 1 };
  };
  return [axis(0), axis(1)];
}

const choice = (layer: Layer) => costOf(geometry(layer), layer.channels, layer.out, layer.batch);
const pays = (layer: Layer): boolean =>
  choice(layer)!.time < direct(geometry(layer), layer.channels, layer.out, layer.batch);

/** What the formulations say to a convolution, its input gradient and its filter gradient. */
function verdicts(row: WindowCase): { applies: boolean; pays: boolean }[] {
  return convolutionCases([row], 'Conv').map(({ value: { node } }) => {
    const form = toomCook.find(({ composite }) => composite === node.op)!;
    return { applies: form.applies(node), pays: form.applies(node) && form.pays!(node) };
  });
}

const CHANNELS = [1, 3, 16, 64, 128, 256, 512];

describe('the cost of Toom-Cook', () => {
  const layers: Layer[] = CHANNELS.flatMap((channels) =>
    [1, 2, 5, 8, 13, 32].flatMap((size) =>
      [2, 3, 5, 7].flatMap((k) =>
        [1, 2].map((stride): Layer => ({ batch: 16, channels, out: 64, size: [size, size], kernel: [k, k], stride })),
      ),
    ),
  );

  it('is the same at each look, whatever was looked at before', () => {
    const forwards = layers.map(choice);
    const backwards = layers.slice().reverse().map(choice).reverse();
    expect(forwards).toEqual(backwards);
  });

  it('chooses tiles that the matrices exist for, no longer than the axis', () => {
    for (const layer of layers) {
      const { m, time } = choice(layer)!;
      expect(time).toBeGreaterThan(0);
      geometry(layer).forEach(({ kernel, stride, out }, i) => {
        const taps = Math.ceil(kernel / stride);
        expect(m[i]! + taps - 1).toBeLessThanOrEqual(MOST_POINTS);
        expect(m[i]).toBeLessThanOrEqual(taps === 1 ? 1 : out);
      });
    }
  });

  it('pays for many channels on small images', () => {
    for (const [size, k] of [
      [8, 3],
      [4, 3],
      [8, 5],
      [12, 5],
    ] as const)
      for (const channels of [128, 256])
        expect(pays({ batch: 64, channels, out: 128, size: [size, size], kernel: [k, k] })).toBe(true);
  });

  it('does not pay for few channels on large images', () => {
    for (const channels of [1, 3])
      for (const size of [64, 128, 224])
        expect(pays({ batch: 8, channels, out: 64, size: [size, size], kernel: [3, 3] })).toBe(false);
  });

  it('does not pay along an axis of 8,000 samples, for any number of channels', () => {
    for (const channels of CHANNELS)
      for (const out of CHANNELS)
        for (const batch of [1, 8, 32, 128])
          for (const k of [2, 3, 5, 7])
            for (const stride of [1, 2])
              expect(pays({ batch, channels, out, size: [1, 8000], kernel: [1, k], stride })).toBe(false);
  });

  it('does not even apply there, nor to long kernels, dilations, groups, single taps and volumes', () => {
    const none = [
      { applies: false, pays: false },
      { applies: false, pays: false },
      { applies: false, pays: false },
    ];
    const row = { batch: 2, channels: 2, out: 2, size: [9, 9], kernel: [3, 3] };
    expect(verdicts({ ...row, channels: 1, size: [1, 8000], kernel: [1, 3] })).toEqual(none);
    expect(verdicts({ ...row, kernel: [8, 8] })).toEqual(none);
    expect(verdicts({ ...row, dilations: [2, 1] })).toEqual(none);
    expect(verdicts({ ...row, groups: 2 })).toEqual(none.slice(0, 1));
    expect(verdicts({ ...row, kernel: [1, 1] })).toEqual(none);
    expect(verdicts({ ...row, kernel: [2, 2], strides: [2, 2] })).toEqual(none);
    expect(verdicts({ ...row, size: [4, 4, 4], kernel: [3, 3, 3] })).toEqual(none);
  });

  it('gives one answer for a convolution and its gradients, which share what they compute', () => {
    for (const row of [
      { batch: 2, channels: 64, out: 64, size: [8, 8], kernel: [3, 3], pad: 'same' as const },
      { batch: 2, channels: 2, out: 3, size: [20, 20], kernel: [3, 3], pad: 'same' as const },
      { batch: 3, channels: 32, out: 16, size: [9, 7], kernel: [4, 4], strides: [2, 2], pad: 1 },
    ])
      expect(new Set(verdicts(row).map((verdict) => verdict.pays)).size).toBe(1);
  });
});
