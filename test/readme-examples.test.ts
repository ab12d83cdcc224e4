import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** Where a README's examples run: a folder from which the packages they import can be resolved. */
const readmes = [
  { file: 'README.md', home: 'apps/bench' },
  ...readdirSync(join(root, 'packages'))
    .filter((name) => existsSync(join(root, 'packages', name, 'README.md')))
    // Alignment's examples need encoders, which only the benchmark app resolves.
    .map((name) => ({
      file: `packages/${name}/README.md`,
      home: name === 'alignment' ? 'apps/bench' : `packages/${name}`,
    })),
];

/** The code blocks of a Markdown text that are marked `ts`: complete programs. */
function examples(markdown: string): string[] {
  return [...markdown.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
}

const folders = new Set<string>();
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe.each(readmes)('$file', ({ file, home }) => {
  const programs = examples(readFileSync(join(root, file), 'utf8'));

  test('has an example', () => expect(programs.length).toBeGreaterThan(0));

  test.each(programs.map((program, index) => ({ index: index + 1, program })))(
    'example $index runs',
    async ({ index, program }) => {
      const folder = join(root, home, '.cache', 'readme-examples');
      folders.add(folder);
      mkdirSync(folder, { recursive: true });
      const path = join(folder, `${index}.mts`);
      writeFileSync(path, program);
      const { stderr } = await run(process.execPath, ['--conditions=@crossmodal/source', '--import', 'tsx', path], {
        cwd: join(root, home),
        timeout: 120_000,
      });
      expect(stderr).toBe('');
    },
    130_000,
  );
});
