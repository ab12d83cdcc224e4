import { Random } from '@crossmodal/core';
import { describe, expect, it } from 'vitest';
import { ctcBeam, ctcGreedy } from '../../src/index.js';

const frames = (count: number, classes: number, seed: number, scale = 2): Float32Array => {
  const values = new Float32Array(count * classes);
  new Random(seed).fillNormal(values);
  return values.map((value) => scale * value);
};

/** The log-probability of every sequence of labels, by walking through all alignments. */
function everyLabelling(logits: Float32Array, classes: number, blank: number): Map<string, number> {
  const count = logits.length / classes;
  const rows = Array.from({ length: count }, (_, t) => {
    const row = Array.from(logits.subarray(t * classes, (t + 1) * classes));
    const sum = Math.log(row.reduce((total, x) => total + Math.exp(x), 0));
    return row.map((x) => x - sum);
  });
  const sums = new Map<string, number>();
  const walk = (t: number, path: number[], log: number) => {
    if (t === count) {
      const labels = path.filter((c, i) => c !== path[i - 1]).filter((c) => c !== blank);
      sums.set(labels.join(' '), (sums.get(labels.join(' ')) ?? 0) + Math.exp(log));
      return;
    }
    for (let c = 0; c < classes; c++) walk(t + 1, [...path, c], log + rows[t]![c]!);
  };
  walk(0, [], 0);
  return new Map([...sums].map(([labels, sum]) => [labels, Math.log(sum)]));
}

describe('ctcGreedy', () => {
  it('merges equal neighbours, and leaves blanks out', () => {
    const path = [1, 1, 0, 1, 2, 2, 0, 0, 2];
    const logits = Float32Array.from(path.flatMap((label) => [0, 1, 2].map((c) => Number(c === label))));
    expect(ctcGreedy(logits, { classes: 3 })).toEqual([1, 1, 2, 2]);
    expect(ctcGreedy(logits, { classes: 3, blank: 2 })).toEqual([1, 0, 1, 0]);
  });

  it('hears nothing in silence', () => {
    const silence = Float32Array.from({ length: 40 }, (_, i) => 9 * Number(i % 4 === 0));
    expect(ctcGreedy(silence, { classes: 4 })).toEqual([]);
    expect(ctcGreedy(new Float32Array(0), { classes: 4 })).toEqual([]);
    expect(ctcBeam(silence, { classes: 4 })[0]!.labels).toEqual([]);
  });
});

describe('ctcBeam', () => {
  it.each([
    [1, 0],
    [2, 0],
    [3, 2],
  ])('gives every labelling its probability when it is wide enough: seed %i, blank %i', (seed, blank) => {
    const logits = frames(5, 3, seed);
    const every = everyLabelling(logits, 3, blank);
    const beams = ctcBeam(logits, { classes: 3, blank, width: 1000 });
    expect(beams.length).toBeGreaterThanOrEqual(every.size);
    const best = [...every].sort((a, b) => b[1] - a[1])[0]!;
    expect(beams[0]!.labels.join(' ')).toBe(best[0]);
    for (const { labels, score } of beams) {
      const wanted = every.get(labels.join(' ')) ?? Number.NEGATIVE_INFINITY;
      if (wanted > Number.NEGATIVE_INFINITY) expect(score).toBeCloseTo(wanted, 6);
      else expect(score).toBe(wanted);
    }
  });

  it('finds what the best path misses: many alignments of one labelling', () => {
    // Blank is the most probable in each frame, yet some frame most likely says 1.
    const logits = Float32Array.from([0, 1, 2].flatMap(() => [Math.log(0.55), Math.log(0.45)]));
    expect(ctcGreedy(logits, { classes: 2 })).toEqual([]);
    expect(ctcBeam(logits, { classes: 2, width: 4 })[0]!.labels).toEqual([1]);
  });

  it.each([
    [() => ctcGreedy(new Float32Array(5), { classes: 3 }), /frames of 3 classes, got 5 numbers/],
    [
      () => ctcGreedy(new Float32Array(6), { classes: 3, blank: 3 }),
      /blank must be a class, an integer in \[0, 3\), got 3/,
    ],
    [() => ctcBeam(new Float32Array(6), { classes: 3, width: 0 }), /width must be an integer of at least 1/],
    [() => ctcBeam(new Float32Array(6), { classes: 1 }), /frames of 1 classes/],
    [() => ctcBeam(new Float32Array(6), { classes: 3, beams: 2 } as never), /beams/],
  ])('refuses what does not fit (%#)', (call, message) => {
    expect(call).toThrow(message);
  });
});
