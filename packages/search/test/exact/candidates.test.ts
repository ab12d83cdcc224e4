import { Random } from '@crossmodal/core';
import { expect, test } from 'vitest';
import { Candidates } from '../../src/exact/candidates.js';
import { ReadWriteLock } from '../../src/exact/read-write-lock.js';

test('candidates keep every row that may be among the k best, whatever the errors', () => {
  const random = new Random(1);
  for (let trial = 0; trial < 200; trial++) {
    const k = 1 + random.integer(40);
    const truth = Array.from({ length: 500 }, () => random.integer(60) / 10);
    const candidates = new Candidates(k);
    truth.forEach((score, i) => {
      const error = random.uniform();
      const approximate = score + (2 * random.uniform() - 1) * error;
      if (approximate + error >= candidates.threshold) candidates.add(i, approximate, error);
    });
    candidates.compact();
    const kept = new Set(candidates.positions.subarray(0, candidates.count));
    const kth = [...truth].sort((a, b) => b - a)[k - 1]!;
    expect(truth.flatMap((score, i) => (score >= kth && !kept.has(i) ? [i] : []))).toEqual([]);
    expect(candidates.count).toBeLessThan(500);
  }
});

test('a lock lets readers in together, and a writer alone, in the order in which they come', async () => {
  const lock = new ReadWriteLock();
  const log: string[] = [];
  const work = (name: string) => async () => {
    log.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, 5));
    log.push(`${name} ends`);
  };
  await Promise.all([
    lock.read(work('a')),
    lock.read(work('b')),
    lock.write(work('c')),
    lock.read(work('d')),
    lock.write(() => Promise.reject(new Error('broken'))).catch(() => log.push('refused')),
    lock.read(work('e')),
  ]);
  expect(log.slice(0, 4).sort()).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  expect(log.slice(4, 6)).toEqual(['c begins', 'c ends']);
  expect(log.slice(6, 9)).toEqual(['d begins', 'd ends', 'refused']);
  expect(log.slice(9)).toEqual(['e begins', 'e ends']);
});
