import type { DualEncoder } from '@crossmodal/alignment';
import { Random } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { itemsOf } from '../src/data/item.js';
import { splitItems } from '../src/data/splits.js';
import type { Modality } from '../src/model/load-model.js';
import { imageChannels } from '../src/train/encoders.js';
import { evaluate } from '../src/train/evaluate.js';
import { partialText } from '../src/train/partial-text.js';

beforeAll(async () => {
  await useDevice('cpu');
});

/** A model that embeds what it is told: pictures and texts by name. */
function modelOf(vectors: Record<string, [number, number]>): DualEncoder<Modality> {
  const embedItems = async (_: string, items: readonly unknown[]) =>
    tf.tensor2d(items.map((item) => vectors[item as string] as [number, number]));
  return { modalities: ['image', 'text'], embedItems } as unknown as DualEncoder<Modality>;
}

const rows = (list: [image: string, text: string, split?: string, group?: string][]) =>
  itemsOf(
    list.map(([image, text, split, group], i) => ({
      origin: `row ${i}`,
      image,
      text,
      texts: [text],
      split,
      group,
      fields: {},
    })),
  );

describe('evaluate', () => {
  it('counts every caption, and an answer by its text', async () => {
    // Angles: the text "b" lies nearer to picture 1, whose own text it is not, than to picture 2 and 3, whose it is.
    const items = rows([
      ['1', 'a'],
      ['1', 'c'],
      ['2', 'b'],
      ['3', 'b'],
    ]);
    const at = (degrees: number): [number, number] => [
      Math.cos((degrees * Math.PI) / 180),
      Math.sin((degrees * Math.PI) / 180),
    ];
    const model = modelOf({ 1: at(0), 2: at(40), 3: at(90), a: at(1), b: at(15), c: at(80) });
    const before = tf.memory().numTensors;
    const [toText, toImage] = await evaluate(model, items, { mediaOf: (_, item) => item.image });
    expect(tf.memory().numTensors).toBe(before);
    expect(toText).toMatchObject({ name: 'image to text', queries: 3, gallery: 4 });
    // 1: its a is first. 2: b is first. 3: c (of 1) is first, b second.
    expect(toText?.recall[1]).toBeCloseTo(2 / 3, 6);
    // a: 1. c: 3 (90 degrees is nearest), wrong. b, twice: 1 first, wrong.
    expect(toImage).toMatchObject({ name: 'text to image', queries: 4, gallery: 3 });
    expect(toImage?.recall[1]).toBeCloseTo(1 / 4, 6);
  });
});

describe('splits', () => {
  it('are as the data name them, under the usual names', () => {
    const { train, validation, test } = splitItems(
      rows([
        ['1', 'a', 'train'],
        ['2', 'b', 'restval'],
        ['3', 'c', 'dev'],
        ['4', 'd', 'Test'],
      ]),
      { seed: 1 },
    );
    expect([train, validation, test].map((items) => items.map(({ image }) => image))).toEqual([
      ['1', '2'],
      ['3'],
      ['4'],
    ]);
  });

  it('hold a tenth out where none is named, groups together, the same each time', () => {
    const list = rows(Array.from({ length: 200 }, (_, i) => [`${i}`, `text ${i}`, undefined, `group ${i % 40}`]));
    const { train, validation, test } = splitItems(list, { seed: 1 });
    expect(validation).toHaveLength(20);
    expect(train).toHaveLength(180);
    expect(test).toHaveLength(0);
    const groups = new Set(validation.map(({ group }) => group));
    expect(train.some(({ group }) => groups.has(group))).toBe(false);
    expect(splitItems(list, { seed: 1 }).validation).toEqual(validation);
  });

  it('refuse names that nobody understands', () => {
    expect(() =>
      splitItems(
        rows([
          ['1', 'a', 'spare'],
          ['2', 'b', 'train'],
        ]),
        { seed: 1 },
      ),
    ).toThrow('there is no split "spare"');
  });
});

describe('items', () => {
  it('are rows of one picture with all its texts; a label stands in for a text', () => {
    const items = itemsOf([
      { origin: '1', image: 'a.png', texts: ['x'], text: 'x', fields: {} },
      { origin: '2', image: 'a.png', texts: ['y', 'z'], text: 'y', fields: {} },
      { origin: '3', image: 'b.png', texts: [], label: 'storage_tanks', fields: {} },
    ]);
    expect(items.map(({ texts }) => texts)).toEqual([['x', 'y', 'z'], ['storage tanks']]);
  });
});

describe('partialText', () => {
  it('leaves out up to half of the words, keeps their order, and never all', () => {
    const words = Array.from({ length: 40 }, (_, i) => `w${i}`);
    const shares: number[] = [];
    for (let seed = 0; seed < 300; seed++) {
      const kept = partialText(words.join(' '), new Random(seed)).split(' ');
      expect(kept).toEqual(words.filter((word) => kept.includes(word)));
      shares.push(1 - kept.length / words.length);
      expect(partialText('one two', new Random(seed))).toMatch(/one|two/);
    }
    expect(shares.reduce((sum, share) => sum + share / shares.length, 0)).toBeCloseTo(0.25, 1);
    expect(partialText('word', new Random(1))).toBe('word');
    expect(partialText('', new Random(1))).toBe('');
  });
});

describe('the image encoder from scratch', () => {
  it.each([
    [64, [16, 32, 64, 128, 256]],
    [224, [16, 32, 64, 128, 256]],
    [32, [16, 32, 64, 128]],
    [24, [16, 32, 64]],
    [8, [16, 32]],
  ])('has as many stages for pictures of %i pixels as leave a map of four', (size, channels) => {
    expect(imageChannels(size)).toEqual(channels);
    expect(size / 2 ** (channels.length - 1)).toBeGreaterThanOrEqual(4);
  });
});
