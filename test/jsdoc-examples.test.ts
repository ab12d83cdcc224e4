import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { check, examplesOfPackages, runner } from './jsdoc-examples.js';

const home = fileURLToPath(new URL('../apps/bench', import.meta.url));
const folder = join(home, '.cache', 'jsdoc-examples');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Functions that examples take for granted: a network, a schedule, a loss of the reader's own. */
const functions = [
  ...['classifierFeatures', 'classify', 'd', 'decoder', 'discriminate', 'features', 'generate', 'imageLoss'],
  ...['predict', 'predictions', 'schedule', 'step', 'textLoss'],
];

/** Problems that come from the checker's assumptions, not from the example. */
const exceptions: Record<string, RegExp> = {
  'packages/alignment/src/zero-shot/zero-shot-classifier.ts': /'"image"' is not assignable/, // of a model that is `any`
  'packages/gan/src/internal/conditions.ts': /Property 'generate' does not exist/, // `gan` is a model there, not the function
  'packages/tfjs-backend-onnx/src/export/export-onnx.ts': /'Rank' is not assignable/, // of a model that is `any`
};

/** An example may name a file, a folder or a data set that is not here. */
const absent = /does not exist|ENOENT|cannot be read|needs a folder/;

describe('@example blocks', () => {
  const checked = check(examplesOfPackages(), functions);

  it('are found in every package', () => {
    expect(checked.length).toBeGreaterThan(250);
    expect(new Set(checked.map((example) => example.home)).size).toBeGreaterThanOrEqual(10);
  });

  it('have the right types', () => {
    const problems = checked.flatMap((example) => {
      const [file = ''] = example.place.split(':');
      return example.problems.filter((text) => !exceptions[file]?.test(text)).map((text) => `${example.place} ${text}`);
    });
    expect(problems).toEqual([]);
  });

  it('run, where they are complete', async () => {
    const complete = checked.filter(
      // The losses' own tests run theirs, with tensors at hand; the backend and search are no dependencies of the folder that
      // this runs in.
      ({ home, assumed }) => !['losses', 'search', 'tfjs-backend-onnx'].includes(home) && assumed.length === 0,
    );
    const runnable = complete.filter(({ code }) => !/download|readFile|writeFile|hubFolder/.test(code));
    expect(runnable.length).toBeGreaterThan(70);
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'run.mts');
    writeFileSync(path, runner(runnable));
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@crossmodal/source', '--import', 'tsx', path],
      { cwd: folder, timeout: 110_000, env: { ...process.env, CROSSMODAL_DATA: '' } },
    );
    const failed = Object.entries(JSON.parse(stdout.trim().split('\n').at(-1) as string) as Record<string, string>);
    expect(failed.filter(([, message]) => !absent.test(message))).toEqual([]);
    expect(failed.length).toBeLessThan(runnable.length / 2);
  }, 120_000);

  it('would be seen to be wrong', () => {
    const codes = [
      'infoNce(a, b, { temprature: 0.1 });',
      'infoNec(a, b);',
      'infoNce(a, b',
      'infoNce(a, b, { temperature: 0.1 });',
    ];
    const problems = check(
      codes.map((code) => ({ home: 'losses', place: 'here', code })),
      functions,
    ).map((example) => example.problems);
    expect(problems[0]).toEqual([expect.stringContaining('temprature')]);
    expect(problems[1]).toEqual(['calls infoNec, which no package exports']);
    expect(problems[2]).not.toEqual([]);
    expect(problems[3]).toEqual([]);
  });
});
