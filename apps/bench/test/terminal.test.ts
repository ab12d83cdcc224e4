import { useDevice } from '@crossmodal/core/device';
import { expect, test } from 'vitest';
import { resultsTable } from '../src/cli/table.js';
import { processTerminal } from '../src/cli/terminal.js';
import { locateOpenMoji, readOpenMoji } from '../src/data/openmoji.js';
import type { Entry } from '../src/entries/entry.js';
import { vaeEntry } from '../src/entries/vae.js';
import { cacheFolder } from '../src/paths.js';
import type { Result } from '../src/result.js';
import { entryContext, runEntry } from '../src/suite.js';
import { recordingTerminal, temporaryFolder } from './fixture.js';

/** A terminal over streams that remember, and its clock. */
function fakeTerminal({ isTTY }: { isTTY: boolean }) {
  const written: string[] = [];
  const stream = { isTTY, columns: 80, write: (text: string) => written.push(text) > 0 };
  const clock = { seconds: 0 };
  const terminal = processTerminal({ output: stream, error: stream, now: () => 1000 * clock.seconds });
  const at = (seconds: number, line: string) => {
    clock.seconds = seconds;
    terminal.progress(line);
  };
  return { written, clock, terminal, at };
}

test('a file gets a line of progress after twenty seconds of silence, and no bar', () => {
  const { written, clock, terminal, at } = fakeTerminal({ isTTY: false });
  for (let second = 0; second < 70; second++) at(second, `step ${second}`);
  expect(written).toEqual(['step 20\n', 'step 40\n', 'step 60\n']);
  clock.seconds = 75;
  terminal.note('another line'); // no silence
  for (let second = 76; second <= 95; second++) at(second, `step ${second}`);
  terminal.status('a bar');
  expect(written.slice(3)).toEqual(['another line\n', 'step 95\n']);
});

test('a terminal with a bar gets no lines of progress', () => {
  const { written, terminal, at } = fakeTerminal({ isTTY: true });
  for (let second = 0; second < 70; second++) at(second, `step ${second}`);
  expect(written).toEqual([]);
  terminal.status('half');
  terminal.note('a line');
  expect(written).toEqual(['\r\u001b[Khalf', '\r\u001b[K', 'a line\n']);
});

test('rendering and every step of training say where they stand', async () => {
  const device = await useDevice('js');
  const openmoji = readOpenMoji(locateOpenMoji());
  const terminal = recordingTerminal();
  const data = { openmoji, device };
  const options = { preset: 'smoke', seed: 0, shuffle: false, terminal } as const;
  await runEntry(vaeEntry, entryContext({ ...options, cacheFolder: temporaryFolder() }, data), terminal);
  const known = /^ {6}(rendering color pictures: \d+ of \d+|vae: (step \d of 3, epoch \d|at work for .*))$/;
  expect(terminal.progressed.filter((line) => !known.test(line))).toEqual([]);
  const steps = terminal.progressed.filter((line) => line.includes('step'));
  expect(steps).toEqual([1, 2, 3].map((step) => `      vae: step ${step} of 3, epoch 1`));
  const rendered = terminal.progressed.filter((line) => line.includes('rendering'));
  expect(rendered.length).toBeGreaterThan(50);
}, 60_000);

test('what is neither rendering nor training says how long it has been at work', async () => {
  const terminal = recordingTerminal();
  const waiting: Entry = {
    ...vaeEntry,
    run: async () => {
      await new Promise((resolve) => setTimeout(resolve, 1300));
      return { rows: [], summary: '', facts: {}, figures: [] };
    },
  };
  const context = entryContext(
    { preset: 'smoke', seed: 0, shuffle: false, terminal, cacheFolder: cacheFolder(undefined, {}) },
    { openmoji: readOpenMoji(locateOpenMoji()), device: await useDevice('js') },
  );
  await runEntry(waiting, context, terminal);
  expect(terminal.progressed).toEqual([expect.stringMatching(/^ {6}vae: at work for 1\.\d s$/)]);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(terminal.progressed).toHaveLength(1); // it has ended
});

test('the table leaves out a column of published numbers that would be empty', () => {
  const result: Result = {
    id: 'alignment',
    paradigm: 'embedding alignment',
    metric: 'recall@10',
    better: 'higher',
    chance: 0.03,
    untrained: null,
    value: 0.45,
    published: null,
    seconds: 61,
  };
  expect(resultsTable([result])).not.toContain('published');
  expect(resultsTable([result])).toMatch(/0\.030.*–.*0\.450.*61 s/);
  const both = resultsTable([result, { ...result, published: 0.9 }]);
  expect(both).toContain('published');
  expect(both).toContain('0.900');
});
