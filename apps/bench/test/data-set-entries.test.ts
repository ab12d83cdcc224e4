import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PictureQuestion } from '@crossmodal/core/data/sets';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { runCommandLine } from '../src/cli/command-line.js';
import { dataSetEntries } from '../src/entries/index.js';
import { accuracyOf, answersWithoutPictures, kindOf } from '../src/entries/question-answering/questions.js';
import type { ResultsFile } from '../src/results.js';
import { recordingTerminal, temporaryFolder } from './fixture.js';

const data = process.env['CROSSMODAL_DATA'];

afterEach(() => {
  vi.unstubAllEnvs();
});

describe.each(dataSetEntries)('$id', ({ id }) => {
  test.runIf(data)(
    'runs from end to end on its data (needs CROSSMODAL_DATA)',
    async () => {
      const out = temporaryFolder();
      const terminal = recordingTerminal();
      const args = ['run', id, '--preset', 'smoke', '--device', 'cpu', '--data', data!, '--out', out];
      expect(await runCommandLine(args, { terminal, environment: {} })).toBe(0);
      const { results } = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as ResultsFile;
      expect(results.length).toBeGreaterThan(0);
      for (const result of results) expect(result.value).toEqual(expect.any(Number));
      expect(readFileSync(join(out, 'report.html'), 'utf8')).not.toMatch(/NaN|undefined|\[object/);
    },
    120_000,
  );

  test('says which data it needs when there is none', async () => {
    vi.stubEnv('CROSSMODAL_DATA', undefined);
    const terminal = recordingTerminal();
    const args = ['run', id, '--preset', 'smoke', '--device', 'cpu', '--out', temporaryFolder()];
    expect(await runCommandLine(args, { terminal, environment: {} })).toBe(1);
    expect(terminal.notes.join('\n')).toMatch(/needs a folder, and none was named; pass --data DIR/);
  });
});

test('the best answers without pictures are those that questions most often have in training', () => {
  const asked = (question: string, answer: string): PictureQuestion => ({ question, answer, picture: 0 });
  const train = [asked('a?', 'no'), asked('a?', 'yes'), asked('a?', 'no'), asked('b?', 'red')];
  const questions = [asked('a?', 'yes'), asked('b?', 'red'), asked('c?', 'circle')]; // never asked in training: the most frequent answer
  const answers = answersWithoutPictures(train, questions);
  expect(answers).toEqual(['no', 'red', 'no']);
  expect(accuracyOf(questions, answers)).toBeCloseTo(1 / 3);
  expect(questions.map(kindOf)).toEqual(['yes or no', 'colour', 'shape']);
});
