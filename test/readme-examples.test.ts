import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { transformSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkPrograms } from './jsdoc-examples.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** Where a README's examples run: a folder from which the packages they import can be resolved. */
const readmes = [
  { file: 'README.md', home: 'apps/bench' },
  ...readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'README.md')))
    // Some examples need encoders, which only the benchmark app resolves.
    .map((name) => ({
      file: `packages/${name}/README.md`,
      home: ['adaptation', 'alignment'].includes(name) ? 'apps/bench' : `packages/${name}`,
    })),
];

/** The code blocks of a Markdown text that are marked `ts`: complete programs. */
function examples(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
}

// The programs run on the built packages, as users' do; what is built already is not built again.
beforeAll(async () => {
  const turbo = join(root, 'node_modules/.bin/turbo');
  await run(turbo, ['run', 'build', '--output-logs=errors-only'], {
    cwd: root,
    env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
  });
}, 400_000);

const folders = new Set<string>();
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

test('every program passes tsc --strict', () => {
  const programs = new Map<string, string>();
  const places = new Map<string, string>();
  for (const { file, home } of readmes) {
    examples(readFileSync(join(root, file), 'utf8')).forEach((program, index) => {
      const path = join(root, home, `${file.replaceAll('/', '-')}-${index + 1}.mts`);
      programs.set(path, program);
      places.set(path, `${file}, example ${index + 1}`);
    });
  }
  const problems = [...checkPrograms(programs)].flatMap(([path, found]) =>
    found.map((problem) => `${places.get(path)}: ${problem}`),
  );
  expect(programs.size).toBeGreaterThan(20);
  expect(problems).toEqual([]);
  // The check itself: what newcomers' compilers refuse is refused here.
  const wrong = join(root, 'apps/bench', 'wrong.mts');
  const text =
    "import { trainStep } from '@crossmodal/core/train';\nexport const f = (x) => trainStep(x, { optimiser: 1 });\n";
  expect(checkPrograms(new Map([[wrong, text]])).get(wrong)!.length).toBeGreaterThanOrEqual(2);
}, 240_000);

describe.each(readmes)('$file', ({ file, home }) => {
  const programs = examples(readFileSync(join(root, file), 'utf8'));

  test('has an example', () => expect(programs.length).toBeGreaterThan(0));

  test.each(programs.map((program, index) => ({ index: index + 1, program })))(
    'example $index runs',
    async ({ index, program }) => {
      const folder = join(root, home, '.cache', 'readme-examples');
      folders.add(folder);
      mkdirSync(folder, { recursive: true });
      const path = join(folder, `${index}.mjs`);
      writeFileSync(path, transformSync(program, { loader: 'ts', format: 'esm', target: 'node20' }).code);
      const { stderr } = await run(process.execPath, [path], {
        cwd: join(root, home),
        timeout: 120_000,
        // As the packages advise; without it, a large step says so.
        env: { ...process.env, GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' },
      });
      expect(stderr).toBe('');
    },
    130_000,
  );
});
