import { expect, test } from 'vitest';
import { killTest } from './kill.js';

// The long form is `pnpm --filter @crossmodal/core run test:kill`.
test.each([
  ['plain steps', 'plain', 2],
  ['cached gradients', 'cached', 1],
] as const)(
  '%s: a training process that is killed again and again ends with the same bits as one that is left alone',
  async (_, kind, kills) => {
    const report = await killTest({ kills, steps: 20, kind });
    expect(report.kills).toBe(kills);
    expect(report.uninterrupted).toMatch(/^[0-9a-f]{64}$/);
    expect(report.interrupted).toBe(report.uninterrupted);
    expect(report.logged).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  },
  300_000,
);
