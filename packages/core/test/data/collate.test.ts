import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import { describe, expect, it } from 'vitest';
import { collate, type HostArray, padded, pipeline, presence, scalars, stacked } from '../../src/data/index.js';

interface Item {
  origin?: string;
  image?: HostArray;
  codes?: number[];
  label?: number;
}

const image = (value: number): HostArray => ({ data: new Uint8Array(4).fill(value), shape: [2, 2, 1] });

describe('collate', () => {
  it('stacks, pads and masks', async () => {
    const rows: Item[] = [
      { image: image(255), codes: [1, 2, 3], label: 0 },
      { image: image(51), codes: [4], label: 2 },
    ];
    const batches = pipeline(rows)
      .batch(2)
      .collate({
        image: stacked((row) => row.image, { scale: 1 / 255 }),
        text: padded((row) => row.codes, { value: 9, multiple: 4 }),
        label: scalars((row) => row.label, { dtype: 'int32' }),
      });
    const [batch] = await batches.toArray();
    expect(batch?.image).toBeAllclose([
      [
        [[1], [1]],
        [[1], [1]],
      ],
      [
        [[0.2], [0.2]],
        [[0.2], [0.2]],
      ],
    ]);
    expect(batch?.text.values).toBeAllclose([
      [1, 2, 3, 9],
      [4, 9, 9, 9],
    ]);
    expect(batch?.text.mask).toBeAllclose([
      [1, 1, 1, 0],
      [1, 0, 0, 0],
    ]);
    expect(batch?.text.values.dtype).toBe('int32');
    expect(batch?.label).toBeAllclose([0, 2]);
    tf.dispose(batch);
  });

  it('normalises by channel', () => {
    const pixels: HostArray = { data: Uint8Array.of(0, 255, 51, 102), shape: [1, 2, 2] };
    const column = stacked((row: HostArray) => row, {
      scale: 1 / 255,
      mean: [0.5, 0.2],
      standardDeviation: [0.5, 0.1],
    });
    const tensor = column([pixels]);
    expect(tensor).toBeAllclose([
      [
        [
          [-1, 8],
          [-0.6, 2],
        ],
      ],
    ]);
    tensor.dispose();
    expect(() => stacked((row: HostArray) => row, { mean: [1, 2, 3] })([pixels])).toThrow(
      /must have 2 numbers .*got \[1,2,3\]/,
    );
    expect(() => stacked((row: HostArray) => row, { standardDeviation: [1, 0] })([pixels])).toThrow(/above 0/);
  });

  it('pads sequences of features, cuts what is too long, keeps a minimum length', () => {
    const frames = (count: number): HostArray => ({
      data: Float32Array.from({ length: count * 2 }, (_, i) => i + 1),
      shape: [count, 2],
    });
    const { values, mask } = padded((row: HostArray) => row, { dtype: 'float32', maximum: 2, longer: 'cut' })([
      frames(3),
      frames(1),
    ]);
    expect(values).toBeAllclose([
      [
        [1, 2],
        [3, 4],
      ],
      [
        [1, 2],
        [0, 0],
      ],
    ]);
    expect(mask).toBeAllclose([
      [1, 1],
      [1, 0],
    ]);
    const short = padded((row: number[]) => row, { minimum: 3 })([[7], []]);
    expect(short.values).toBeAllclose([
      [7, 0, 0],
      [0, 0, 0],
    ]);
    expect(short.mask).toBeAllclose([
      [1, 0, 0],
      [0, 0, 0],
    ]);
    tf.dispose([values, mask, short]);
  });

  it('keeps integers that float32 could not', () => {
    const { values } = padded((row: number[]) => row)([[2 ** 24 + 1]]);
    expect(values.dataSync()[0]).toBe(2 ** 24 + 1);
    tf.dispose(values);
  });

  it('missing modalities become zeros, and presence says so', () => {
    const rows: Item[] = [{ codes: [1] }, { image: image(3) }];
    const batch = collate({
      image: stacked((row: Item) => row.image, { allowMissing: true }),
      text: padded((row: Item) => row.codes, { allowMissing: true }),
      hasImage: presence((row: Item) => row.image),
      hasText: presence((row: Item) => row.codes),
    })(rows);
    expect(batch.image).toBeAllclose([
      [
        [[0], [0]],
        [[0], [0]],
      ],
      [
        [[3], [3]],
        [[3], [3]],
      ],
    ]);
    expect(batch.text.mask).toBeAllclose([[1], [0]]);
    expect(batch.hasImage).toBeAllclose([0, 1]);
    expect(batch.hasText).toBeAllclose([1, 0]);
    tf.dispose(batch);
    const none = stacked((row: Item) => row.image, { allowMissing: true, shape: [2, 2, 1] })([{}]);
    expect(none.shape).toEqual([1, 2, 2, 1]);
    tf.dispose(none);
  });

  it.each<[string, () => unknown, RegExp]>([
    [
      'a missing image',
      () => stacked((row: Item) => row.image)([{ origin: 'a.csv, line 3' }]),
      /row 0 .*\(item from a.csv, line 3\).*allowMissing/,
    ],
    ['all missing', () => stacked((row: Item) => row.image, { allowMissing: true })([{}]), /pass shape/],
    [
      'other shapes',
      () => stacked((row: HostArray) => row)([image(1), { data: new Uint8Array(2), shape: [2] }]),
      /\[2,2,1\], got \[2\]/,
    ],
    [
      'values that do not fill',
      () => stacked((row: HostArray) => row)([{ data: new Uint8Array(3), shape: [2, 2] }]),
      /3 values do not fill shape \[2,2\]/,
    ],
    ['too long', () => padded((row: number[]) => row, { maximum: 1 })([[1, 2]]), /at most 1 long, got 2/],
    [
      'other features',
      () =>
        padded((row: HostArray) => row)([
          { data: new Uint8Array(2), shape: [1, 2] },
          { data: new Uint8Array(3), shape: [1, 3] },
        ]),
      /\[length, 2\], got \[1,3\]/,
    ],
    ['no number', () => scalars((row: Item) => row.label)([{ label: Number.NaN }]), /finite number, got NaN/],
    ['no integer', () => scalars((row: Item) => row.label, { dtype: 'int32' })([{ label: 0.5 }]), /integer, got 0.5/],
    ['no rows', () => collate({})([]), /at least one/],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
  });

  it('disposes what it made when a later column fails', async () => {
    await expectNoLeakWhenThrowing(
      () =>
        collate({ image: stacked((row: Item) => row.image), label: scalars((row: Item) => row.label) })([
          { image: image(1) },
        ]),
      'collate: column "label": scalars: each row must gi',
    );
    expect(() => collate({ label: scalars((row: Item) => row.label) })([{}])).toThrow(/collate: column "label"/);
  });
});
