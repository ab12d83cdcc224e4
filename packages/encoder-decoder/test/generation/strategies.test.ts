import { describe, expect, it } from 'vitest';
import { beam, greedy, type SearchStrategy, type SearchTask, sample } from '../../src/index.js';

const end = 0;
const vocabulary = 4;

/** A toy language: the next logits are a function of the sequence. */
function search(
  strategy: SearchStrategy,
  language: (sequence: readonly number[]) => number[],
  {
    maximumLength = 6,
    items = 1,
    prompts = Array.from({ length: items }, () => [1]),
    ...task
  }: Partial<SearchTask> & { items?: number } = {},
) {
  const run = strategy.start({
    prompts,
    vocabularySize: vocabulary,
    maximumLength,
    endIds: [end],
    paddingId: end,
    ...task,
  });
  let rows: number[][] = prompts.flatMap((prompt) => Array.from({ length: strategy.width }, () => [...prompt]));
  let steps = 0;
  for (;;) {
    const next = run.advance(Float32Array.from(rows.flatMap((row) => language(row))));
    if (!next) return { results: run.results(), steps };
    steps++;
    rows = rows.map((_, i) => [...rows[next.parents?.[i] ?? i]!, next.ids[i]!]);
  }
}

/** Logits from a hash of the sequence. */
const hashed = (sequence: readonly number[]): number[] =>
  Array.from({ length: vocabulary }, (_, token) => {
    let x = sequence.reduce((h, t) => Math.imul(h ^ (t + 1), 0x01000193) >>> 0, 0x811c9dc5 ^ token);
    x = Math.imul(x ^ (x >>> 15), 0x2c1b3c6d) >>> 0;
    return (3 * ((x ^ (x >>> 13)) >>> 0)) / 2 ** 32;
  });

const logSoftmax = (row: readonly number[]) => {
  const sum = Math.log(row.reduce((total, x) => total + Math.exp(x), 0));
  return row.map((x) => x - sum);
};

/** All sequences that end within `length` tokens or are so long, with their scores. */
function allSequences(length: number, lengthPenalty: number) {
  const all: { ids: number[]; score: number }[] = [];
  const walk = (ids: number[], sum: number) => {
    const row = logSoftmax(hashed([1, ...ids]));
    for (let token = 0; token < vocabulary; token++) {
      const total = sum + row[token]!;
      const count = ids.length + 1;
      if (token === end) all.push({ ids, score: total / count ** lengthPenalty });
      else if (count === length) all.push({ ids: [...ids, token], score: total / count ** lengthPenalty });
      else walk([...ids, token], total);
    }
  };
  walk([], 0);
  return all.sort((a, b) => b.score - a.score);
}

describe('greedy', () => {
  it('takes the most probable token until the end, and adds up log-probabilities', () => {
    const { results } = search(greedy(), (sequence) => (sequence.length < 3 ? [0, 0, 1, 0] : [1, 0, 0, 0]));
    const one = logSoftmax([0, 0, 1, 0])[2]!;
    expect(results[0]![0]!.ids).toEqual([2, 2]);
    expect(results[0]![0]!.finished).toBe(true);
    expect(results[0]![0]!.score).toBeCloseTo(3 * one, 6);
  });

  it('ends at the longest length when nothing ends it', () => {
    const { results, steps } = search(greedy(), () => [-9, 0, 1, 0], { maximumLength: 5 });
    expect(results[0]![0]).toMatchObject({ ids: [2, 2, 2, 2, 2], finished: false });
    expect(steps).toBe(4);
  });

  it('does not repeat runs of tokens', () => {
    const { results } = search(greedy({ noRepeatNGram: 2 }), () => [-9, 0, 1, 0.5], { maximumLength: 6 });
    const { ids } = results[0]![0]!;
    const pairs = [1, ...ids].slice(1).map((token, i) => `${[1, ...ids][i]} ${token}`);
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  it('goes on with one row when another has ended', () => {
    const language = (sequence: readonly number[]) => (sequence.length > 3 ? [5, 0, 0, 0] : [0, 0, 3, 0]);
    const { results } = search(greedy(), language, { prompts: [[1], [1, 2, 3]] });
    expect(results.map(([best]) => best!.ids)).toEqual([[2, 2, 2], [2]]);
  });
});

describe('beam', () => {
  it.each([0.5, 1, 2])('finds the best of all sequences when it is wide enough: length penalty %f', (lengthPenalty) => {
    // Each step keeps every sequence there is: 3^3 of three tokens. Tokens that never occur make the vocabulary large enough.
    const words = 30;
    const language = (row: readonly number[]) => [...hashed(row), ...new Array<number>(words - vocabulary).fill(-1e9)];
    const { results } = search(beam({ width: 27, lengthPenalty }), language, {
      maximumLength: 4,
      vocabularySize: words,
    });
    const wanted = allSequences(4, lengthPenalty).slice(0, 5);
    for (const [i, { ids, score }] of wanted.entries()) {
      expect(results[0]![i]!.ids, `place ${i}`).toEqual(ids);
      expect(results[0]![i]!.score).toBeCloseTo(score, 6);
    }
  });

  it('is greedy at a width of one, but for its score', () => {
    const [one, other] = [beam({ width: 1, earlyStopping: true }), greedy()].map(
      (s) => search(s, hashed).results[0]![0]!,
    );
    expect(one!.ids).toEqual(other!.ids);
  });

  it('finds what greedy misses', () => {
    // 2 looks best, but what follows it is spread; behind 3 one token is sure.
    const language = (sequence: readonly number[]) =>
      sequence.length === 1 ? [-9, -9, 1, 0.8] : sequence[1] === 3 ? [9, 0, 0, 0] : [0, 0, 0, 0];
    expect(search(greedy(), language).results[0]![0]!.ids[0]).toBe(2);
    expect(search(beam({ width: 2 }), language).results[0]![0]!.ids).toEqual([3]);
  });

  it('ends at the longest length when nothing ends it', () => {
    const { results, steps } = search(beam({ width: 3 }), () => [-30, 0, 1, 0], { maximumLength: 5 });
    expect(results[0]!.length).toBe(3);
    expect(results[0]!.every(({ ids, finished }) => ids.length === 5 && !finished)).toBe(true);
    expect(steps).toBe(4);
  });

  it('does not repeat runs of tokens', () => {
    const { results } = search(beam({ width: 2, noRepeatNGram: 1 }), () => [-9, 0, 1, 0.5], { maximumLength: 6 });
    for (const { ids } of results[0]!) expect(new Set([1, ...ids]).size).toBe(ids.length + 1);
  });

  it.each([
    [() => beam({ width: 0 }), /width must be an integer of at least 1/],
    [() => beam({ lengthPenalty: Number.NaN }), /lengthPenalty must be a finite number/],
    [() => search(beam({ width: 4 }), hashed), /width must be less than the vocabulary of 4, got 4/],
    [() => beam({ beams: 3 } as never), /beams/],
  ])('refuses what is out of range (%#)', (call, message) => {
    expect(call).toThrow(message);
  });
});

describe('sample', () => {
  it('draws tokens by their probability', () => {
    const row = [0, 1, 2, -1];
    const wanted = logSoftmax(row).map(Math.exp);
    const { results } = search(sample({ seed: 3 }), () => row, { items: 4000, maximumLength: 1 });
    const counts = [0, 0, 0, 0];
    for (const [one] of results) counts[one!.finished ? end : one!.ids[0]!]!++;
    for (const [token, share] of wanted.entries()) expect(counts[token]! / 4000).toBeCloseTo(share, 1.5);
  });

  it('keeps to the most probable tokens, and to the fewest that have a probability together', () => {
    const draws = (options: object) => {
      const { results } = search(sample({ seed: 1, ...options }), () => [0, 1, 2, -1], {
        items: 300,
        maximumLength: 1,
      });
      return new Set(results.map(([one]) => (one!.finished ? end : one!.ids[0]!)));
    };
    expect(draws({ topK: 2 })).toEqual(new Set([1, 2]));
    expect(draws({ topK: 1 })).toEqual(new Set([2]));
    expect(draws({ topP: 0.5 })).toEqual(new Set([2]));
    expect(draws({ topP: 0.85 })).toEqual(new Set([1, 2]));
    expect(draws({ temperature: 0.01 })).toEqual(new Set([2]));
    expect(draws({ topK: 99 })).toEqual(new Set([0, 1, 2, 3]));
  });

  it('draws the same for the same seed, whatever else is in the batch', () => {
    const texts = (seed: number, items: number) =>
      search(sample({ seed }), hashed, { items }).results.map(([one]) => one!.ids.join());
    expect(texts(1, 3)).toEqual(texts(1, 5).slice(0, 3));
    expect(texts(1, 8)).not.toEqual(texts(2, 8));
  });

  it.each([
    [() => sample({ seed: 1, temperature: 0 }), /temperature must be a positive number/],
    [() => sample({ seed: 1, topP: 0 }), /topP must be in \(0, 1\], got 0/],
    [() => sample({ seed: 1, topK: 0 }), /topK must be an integer of at least 1/],
    [() => sample({} as never), /seed must be/],
  ])('refuses what is out of range (%#)', (call, message) => {
    expect(call).toThrow(message);
  });
});
