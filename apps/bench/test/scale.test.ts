import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { scale, scalePage } from '../src/perf/scale.js';

const engine = (wall: number) => ({ build: 2 * wall, one: { wall }, hundred: { wall: 30 * wall }, megabytes: wall });

test('the page plots each engine over the rows, on logarithmic axes', () => {
  const measured = [1000, 10_000, 100_000].map((rows) => ({
    rows,
    ours: engine(rows / 1000),
    numpy: { ...engine(rows / 500), build: undefined },
  }));
  const page = scalePage({ dimension: 64, measured } as never);
  const figures = page.split('<figure>').slice(1);
  expect(figures).toHaveLength(4);
  const circles = (figure: string) =>
    [...figure.matchAll(/<circle class="point (s\d)" cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, name, x, y]) => ({
      name,
      x: Number(x),
      y: Number(y),
    }));
  const [one] = figures as [string];
  const ours = circles(one).filter(({ name }) => name === 's1');
  expect(ours).toHaveLength(3);
  // A straight line: ten times the rows, ten times the time, on equal steps.
  expect(ours[1]!.x - ours[0]!.x).toBeCloseTo(ours[2]!.x - ours[1]!.x, 6);
  expect(ours[1]!.y - ours[0]!.y).toBeCloseTo(ours[2]!.y - ours[1]!.y, 6);
  expect(circles(one).filter(({ name }) => name === 's2')).toHaveLength(3);
  expect(one).toContain('numpy');
  expect(figures[2]).not.toContain('numpy'); // it builds nothing
  expect(page).not.toContain('FAISS flat');
});

test('measures, with or without a Python', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'scale-test-'));
  try {
    const lines: string[] = [];
    const report = join(folder, 'scale.html');
    await scale({ python: 'no-such-python', most: 1000, report, write: (line) => lines.push(line) });
    expect(lines.join('\n')).toMatch(/1000\s+ours/);
    expect(readFileSync(report, 'utf8')).toContain('Crossmodal');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
