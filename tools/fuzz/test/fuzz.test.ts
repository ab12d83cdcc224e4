import { expect, it } from 'vitest';
import { allKinds, fuzz } from '../src/run.js';

it('valid files of every kind are read', async () => {
  const report = await fuzz({ count: 3 * allKinds.length, seed: 1, mutated: false });
  expect(report.failures).toEqual([]);
});

it('mutated files of every kind are read or refused by name: no crash, no hang, no flood of memory', async () => {
  const report = await fuzz({ count: 20 * allKinds.length, seed: 1 });
  expect(report.failures).toEqual([]);
  expect(report.files).toBe(20 * allKinds.length);
  for (const kind of allKinds) expect(report.kinds[kind]?.rejected, kind).toBeGreaterThan(0);
});
