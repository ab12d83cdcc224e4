import { readFileSync } from 'node:fs';
import { scoreHinge } from '@crossmodal/losses';
import { expectNoLeak, expectNoLeakWhenThrowing, gradientCheck } from '@crossmodal/testkit';
import type { Scalar, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  type CoAttentionOptions,
  coAttentionMatcher,
  contrastiveObjective,
  hingeObjective,
  logSumExpScore,
  meanScore,
  rerank,
  stackedCrossAttention,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { denseEncoder, seededTensor, sequenceEncoder } from './encoders.js';

useTestBackend();

interface GoldenCase {
  pooling: 'mean' | 'log-sum-exp';
  sharpness: number;
  scale: number;
  lengths: Record<'readers' | 'context', number[]>;
  readers: number[][][];
  context: number[][][];
  scores: number[][];
  attention: number[][][];
  hinge: { hardest: number; mean: number };
  gradient: { readers: number[][][]; context: number[][][] };
}
const { cases } = JSON.parse(readFileSync(new URL('golden/co_attention.json', import.meta.url), 'utf8')) as {
  cases: GoldenCase[];
};

/** Ones for real places. */
const maskOf = (lengths: readonly number[], places: number): Tensor2D =>
  tf.tensor2d(lengths.map((length) => Array.from({ length: places }, (_, i) => Number(i < length))));

/** Padding filled with values that must not matter. */
const padded = (values: number[][][], lengths: readonly number[]): Tensor3D =>
  tf.tensor3d(values.map((item, i) => item.map((row, j) => (j < lengths[i]! ? row : row.map((_, d) => 7 - 3 * d)))));

describe('stackedCrossAttention', () => {
  it.each(cases.map((golden, i) => ({ name: `${golden.pooling} (case ${i + 1})`, golden })))(
    'equals PyTorch, pair by pair, with its gradient: $name',
    ({ golden }) => {
      const { lengths, sharpness, scale } = golden;
      const pooling = golden.pooling === 'mean' ? meanScore() : logSumExpScore({ scale });
      const masks = { readers: maskOf(lengths.readers, 4), context: maskOf(lengths.context, 6) };
      const run = (readers: Tensor3D, context: Tensor3D) =>
        stackedCrossAttention(
          { sequence: readers, mask: masks.readers },
          { sequence: context, mask: masks.context },
          { sharpness, damping: 0, pooling },
        );
      const readers = padded(golden.readers, lengths.readers);
      const context = padded(golden.context, lengths.context);
      const { scores, attention } = run(readers, context);
      expect(scores).toBeAllclose(golden.scores, { rtol: 1e-4, atol: 1e-5 });
      golden.attention.forEach((map, i) => {
        const own = tf.slice(attention, [i, i, 0, 0], [1, 1, map.length, map[0]!.length]);
        expect(tf.reshape(own, [map.length, map[0]!.length])).toBeAllclose(map, { rtol: 1e-4, atol: 1e-5 });
      });
      expect(scoreHinge(scores)).toBeAllclose(golden.hinge.hardest, { rtol: 1e-4, atol: 1e-5 });
      expect(scoreHinge(scores, { hardest: false })).toBeAllclose(golden.hinge.mean, { rtol: 1e-4, atol: 1e-5 });
      const [forReaders, forContext] = tf.grads((a, b) => scoreHinge(run(a as Tensor3D, b as Tensor3D).scores))([
        readers,
        context,
      ]);
      expect(forReaders!).toBeAllclose(golden.gradient.readers, { rtol: 1e-3, atol: 1e-4 });
      expect(forContext!).toBeAllclose(golden.gradient.context, { rtol: 1e-3, atol: 1e-4 });
    },
  );

  it('gives a score of one to a text whose words are the regions, sharply attended', () => {
    const places = tf.reshape(tf.eye(4), [1, 4, 4]) as Tensor3D;
    const { scores, attention } = stackedCrossAttention(
      { sequence: places },
      { sequence: places },
      { sharpness: 50, pooling: meanScore() },
    );
    expect(scores).toBeAllclose([[1]], { atol: 1e-5 });
    expect(tf.reshape(attention, [4, 4])).toBeAllclose(tf.eye(4), { atol: 1e-5 });
  });

  it('attends to what hardly resembles a word as if it did without damping, and not with it', () => {
    // Two words; region 0 shows the first; the blank region 1 is hardly like it, and like no other.
    const words = tf.tensor3d([
      [
        [1, 0, 0],
        [0, 1, 0],
      ],
    ]);
    const regions = tf.tensor3d([
      [
        [1, 0, 0],
        [0.01, 0, 1],
      ],
    ]);
    const shares = (damping: number) =>
      stackedCrossAttention({ sequence: words }, { sequence: regions }, { damping }).attention.dataSync().slice(0, 2);
    expect([...shares(0)]).toEqual([expect.closeTo(0.5, 4), expect.closeTo(0.5, 4)]);
    // t = 1 / sqrt(1 + 0.01) and 0.01 / sqrt(0.0001 + 0.01), times 9, in a softmax.
    const [near, blank] = [1 / Math.sqrt(1.01), 0.0099995 / Math.sqrt(0.00009999 + 0.01)];
    expect(shares(0.1)[0]).toBeCloseTo(1 / (1 + Math.exp(9 * (blank - near))), 4);
    expect(() => shares(-1)).toThrow('damping must be finite and not negative, got -1');
  });

  it.each([0, 1])('is finite with its gradient for zero vectors and texts without words, damping %d', (damping) => {
    const readers = tf.zeros<tf.Rank.R3>([2, 3, 4]);
    const context = seededTensor<Tensor3D>([2, 5, 4], 1);
    const mask = tf.zeros<tf.Rank.R2>([2, 3]);
    const f = (a: tf.Tensor, b: tf.Tensor) =>
      tf.sum(
        stackedCrossAttention({ sequence: a as Tensor3D, mask }, { sequence: b as Tensor3D }, { damping }).scores,
      ) as Scalar;
    for (const gradient of tf.grads(f)([readers, context])) expect(tf.all(tf.isFinite(gradient)).dataSync()[0]).toBe(1);
    expect(Number.isFinite(f(readers, context).dataSync()[0])).toBe(true);
  });

  it('has the gradient of its central differences', () => {
    const f = (a: tf.Tensor, b: tf.Tensor) =>
      tf.sum(
        tf.mul(
          stackedCrossAttention({ sequence: a as Tensor3D }, { sequence: b as Tensor3D }, { sharpness: 4 }).scores,
          tf.tensor2d([
            [1, -2, 3],
            [0.5, 1, -1],
          ]),
        ),
      ) as Scalar;
    gradientCheck(f, [seededTensor([2, 3, 4], 5), seededTensor([3, 5, 4], 6)], { rtol: 2e-2, atol: 2e-3 });
  });

  it('counts places by the lengths of their vectors where it is weighted, padding not at all', async () => {
    const readers = tf.tensor3d([
      [
        [3, 0],
        [0, 1],
        [50, 50],
      ],
    ]);
    const mask = tf.tensor2d([[1, 1, 0]]);
    const context = { sequence: tf.tensor3d([[[1, 0]], [[1, 1]]]) }; // one place each, so that all attention is on it
    for (const pooling of [meanScore(), logSumExpScore({ scale: 2 })]) {
      const { scores } = stackedCrossAttention({ sequence: readers, mask }, context, { pooling, weighted: true });
      const weights = [1.5, 0.5];
      const expected = [
        [1, 0],
        [Math.SQRT1_2, Math.SQRT1_2],
      ].map((cosines) =>
        pooling.saved!.type === 'meanScore'
          ? (weights[0]! * cosines[0]! + weights[1]! * cosines[1]!) / 2
          : Math.log(weights[0]! * Math.exp(2 * cosines[0]!) + weights[1]! * Math.exp(2 * cosines[1]!)) / 2,
      );
      expect(scores).toBeAllclose([expected], { rtol: 1e-5 });
    }
    const f = (a: tf.Tensor) =>
      tf.sum(
        stackedCrossAttention(
          { sequence: a as Tensor3D },
          { sequence: seededTensor([3, 5, 4], 6) as Tensor3D },
          { weighted: true, pooling: meanScore() },
        ).scores,
      ) as Scalar;
    gradientCheck(f, [seededTensor([2, 3, 4], 5)], { rtol: 2e-2, atol: 2e-3 });
  });

  it('refuses other widths and masks', () => {
    const places = (shape: [number, number, number]) => ({ sequence: tf.zeros<tf.Rank.R3>(shape) });
    expect(() => stackedCrossAttention(places([2, 3, 4]), places([2, 3, 5]))).toThrow(
      'must have one width, got [2,3,4] and [2,3,5]',
    );
    expect(() => stackedCrossAttention({ ...places([2, 3, 4]), mask: tf.ones([2, 2]) }, places([2, 3, 4]))).toThrow(
      'the mask of readers must be [2, 3], got [2,2]',
    );
    expect(() => stackedCrossAttention(places([2, 3, 4]), places([2, 3, 4]), { sharpness: 0 })).toThrow('sharpness');
    expect(() => logSumExpScore({ scale: -1 })).toThrow('scale must be a positive number, got -1');
  });
});

describe('contrastiveObjective', () => {
  it('is the cross entropy of both directions over the scores', async () => {
    const scores = seededTensor([3, 3], 7) as Tensor2D;
    const negatives = tf.sub(1, tf.eye(3)) as Tensor2D;
    const s = (await scores.array()) as number[][];
    const entropy = (row: number[], i: number) =>
      Math.log(row.reduce((sum, x) => sum + Math.exp(x / 0.5), 0)) - row[i]! / 0.5;
    const columns = s[0]!.map((_, j) => s.map((row) => row[j]!));
    const expected = [...s.map(entropy), ...columns.map(entropy)].reduce((sum, x) => sum + x, 0) / 6;
    expect(contrastiveObjective({ temperature: 0.5 }).loss(scores, negatives)).toBeAllclose(expected, { rtol: 1e-5 });
  });

  it('does not see pairs that belong together beside the diagonal', () => {
    const scores = tf.tensor2d([
      [0, 9],
      [9, 0],
    ]);
    expect(contrastiveObjective().loss(scores, tf.zeros([2, 2]))).toBeAllclose(0, { atol: 1e-6 });
    expect(() => contrastiveObjective({ temperature: 0 })).toThrow('temperature must be a positive number, got 0');
    expect(() => hingeObjective({ margin: -1 })).toThrow('margin must be a positive number, got -1');
  });
});

describe('scoreHinge', () => {
  it('is zero when matching pairs are a margin ahead, twice the margin when all scores are equal', () => {
    expect(scoreHinge(tf.mul(tf.eye(3), 0.2) as Tensor2D)).toBeAllclose(0);
    expect(scoreHinge(tf.ones([3, 3]), { margin: 0.3 })).toBeAllclose(0.6);
  });

  it('leaves out pairs that belong together', () => {
    const scores = tf.tensor2d([
      [0, 9],
      [9, 0],
    ]);
    expect(scoreHinge(scores, { negatives: tf.zeros([2, 2]) })).toBeAllclose(0);
    expect(() => scoreHinge(scores, { negatives: tf.zeros([3, 3]) })).toThrow('negatives must be [2, 2], got [3,3]');
    expect(() => scoreHinge(tf.zeros([2, 3]))).toThrow('scores must be [batch, batch], got [2,3]');
  });
});

const matcher = (options: Partial<CoAttentionOptions> = {}) =>
  coAttentionMatcher({
    encoders: {
      image: sequenceEncoder('image', { inputs: 4, dimension: 5, seed: 1 }),
      text: sequenceEncoder('text', { inputs: 3, dimension: 6, seed: 2 }),
    },
    dimension: 8,
    seed: 1,
    ...options,
  });
const image = () => ({ frames: seededTensor([4, 5, 4], 3), mask: tf.ones([4, 5]) });
const text = () => ({ frames: seededTensor([4, 3, 3], 4), mask: maskOf([3, 2, 1, 3], 3) });

describe('coAttentionMatcher', () => {
  it('averages both directions, each with the sharpness of its own', () => {
    const [both, words, regions] = (
      [['text-image', 'image-text'], ['text-image'], ['image-text']] as CoAttentionOptions['directions'][]
    ).map((directions) => {
      const model = matcher(directions ? { directions } : {});
      return model.scores(model.places('image', image()), model.places('text', text()));
    });
    expect(both!).toBeAllclose(tf.div(tf.add(words!, regions!), 2));
    const model = matcher();
    const expected = stackedCrossAttention(model.places('image', image()), model.places('text', text()), {
      sharpness: 4,
    });
    expect(regions!).toBeAllclose(expected.scores);
  });

  it('reads and shows its attention with its damping', () => {
    const model = matcher({ damping: 0.05 });
    const [regions, words] = [model.places('image', image()), model.places('text', text())];
    const byWords = stackedCrossAttention(words, regions, { sharpness: 9, damping: 0.05 });
    const byRegions = stackedCrossAttention(regions, words, { sharpness: 4, damping: 0.05 });
    const mean = tf.div(tf.add(tf.transpose(byWords.scores), byRegions.scores), 2);
    expect(model.scores(regions, words)).toBeAllclose(mean);
    const { wordsToRegions, regionsToWords } = model.attend({ image: image(), text: text() });
    const own = (attention: tf.Tensor4D, shape: number[]) => tf.reshape(tf.slice(attention, [1, 1], [1, 1]), shape);
    expect(tf.slice(wordsToRegions, 1, 1)).toBeAllclose(own(byWords.attention, [1, 3, 5]));
    expect(tf.slice(regionsToWords, 1, 1)).toBeAllclose(own(byRegions.attention, [1, 5, 3]));
  });

  it('gives maps of one pair per row that sum to one and leave out padding', () => {
    const { wordsToRegions, regionsToWords } = matcher().attend({ image: image(), text: text() });
    expect(wordsToRegions.shape).toEqual([4, 3, 5]);
    expect(regionsToWords.shape).toEqual([4, 5, 3]);
    expect(tf.sum(regionsToWords, 2)).toBeAllclose(tf.ones([4, 5]));
    expect(tf.slice(regionsToWords, [2, 0, 1], [1, 5, 2])).toBeAllclose(tf.zeros([1, 5, 2]));
  });

  it('is the hinge of its scores; rows of one group are no negatives; nothing leaks', async () => {
    const model = matcher();
    const batch = { image: image(), text: text() };
    const scores = model.scores(model.places('image', batch.image), model.places('text', batch.text));
    expect(model.loss(batch).loss).toBeAllclose(scoreHinge(scores));
    const groups = tf.tensor1d([1, 1, 1, 1], 'int32');
    expect(model.loss({ ...batch, groups }).loss).toBeAllclose(0);
    await expectNoLeak(() => model.loss(batch, { training: true }));
    await expectNoLeak(() => model.attend(batch));
    await expectNoLeakWhenThrowing(() => model.loss({ image: batch.image } as never), /coAttentionMatcher/);
  });

  it('says what is wrong with options and batches', () => {
    const dense = denseEncoder('text', { inputs: 2, dimension: 2, seed: 1 });
    const picture = sequenceEncoder('image', { inputs: 4, dimension: 5, width: 7, seed: 1 });
    const words = sequenceEncoder('text', { inputs: 3, dimension: 6, seed: 2 });
    expect(() => matcher({ encoders: { image: picture, text: dense } })).toThrow(
      'text encoder must have encodeSequence',
    );
    expect(() => matcher({ directions: [] })).toThrow('got none');
    expect(() => matcher({ poolings: 1 } as never)).toThrow("did you mean 'pooling'?");
    const encoders = { image: picture, text: words };
    expect(() => matcher({ encoders }).places('image', image())).toThrow('[batch, places, 5], got [4,5,7]');
    expect(matcher({ encoders, widths: { image: 7 } }).places('image', image()).sequence.shape).toEqual([4, 5, 8]);
    const model = matcher();
    expect(() => model.loss({ text: text() } as never)).toThrow('needs image and text, got no image');
    const three = { frames: tf.zeros([3, 3, 3]), mask: tf.ones([3, 3]) };
    expect(() => model.loss({ image: image(), text: three })).toThrow('got image 4, text 3');
    // Regions of a model of another width, as of a table that was kept.
    const other = { sequence: tf.ones<tf.Rank.R3>([4, 5, 6]) };
    expect(() => model.scores(other, model.places('text', text()))).toThrow('[4,5,6]');
  });
});

describe('rerank', () => {
  const table = (rows: number[][]) => ({
    sequence: tf.tensor3d(rows.map((row) => [row])),
    mask: tf.ones<tf.Rank.R2>([rows.length, 1]),
  });
  const byProduct = (query: { sequence: Tensor3D }, found: { sequence: Tensor3D }) =>
    tf.matMul(
      tf.reshape(query.sequence, [1, -1]) as Tensor2D,
      tf.reshape(found.sequence, [found.sequence.shape[0], -1]) as Tensor2D,
      false,
      true,
    ) as Tensor2D;

  it('sorts the candidates of each query by the score, and keeps the order of equal ones', async () => {
    const gallery = table([[1], [3], [2], [2]]);
    expect(await rerank([[0, 1, 2], [3, 2, 0], []], table([[1], [-1], [1]]), gallery, byProduct)).toEqual([
      [1, 2, 0],
      [0, 3, 2],
      [],
    ]);
    const queries = table([[1]]);
    await expectNoLeak(async () => {
      await rerank([[0, 1]], queries, gallery, byProduct);
      return [];
    });
  });

  it('refuses candidates that do not exist, and as many lists as there are no queries', async () => {
    await expect(rerank([[4]], table([[1]]), table([[1]]), byProduct)).rejects.toThrow(
      'gallery of 1, got 4 for query 0',
    );
    await expect(rerank([], table([[1]]), table([[1]]), byProduct)).rejects.toThrow('one list of candidates per query');
    const wrong = () => tf.zeros<tf.Rank.R2>([1, 3]);
    await expect(rerank([[0]], table([[1]]), table([[1]]), wrong)).rejects.toThrow('got 3 for 1');
  });
});
