import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** Imports planted into a tiny house of the same layout: [from, to, the rule that must forbid it]. */
const forbidden: [string, string, string][] = [
  ['packages/tfjs-backend-onnx/src/bad-0.ts', 'packages/core/src/index.ts', 'backend-imports-nothing-of-ours'],
  ['packages/core/src/bad-1.ts', 'packages/losses/src/index.ts', 'core-imports-only-the-backend'],
  ['packages/core/src/bad-2.ts', 'packages/tfjs-backend-onnx/src/index.ts', 'core-loads-the-backend-dynamically'],
  ['packages/losses/src/bad-3.ts', 'packages/encoders-text/src/index.ts', 'losses-and-encoders-import-only-core'],
  ['packages/gan/src/bad-4.ts', 'packages/vae/src/index.ts', 'paradigms-import-only-core-and-losses'],
  ['packages/alignment/src/bad-5.ts', 'packages/encoders-vision/src/index.ts', 'paradigms-import-only-core-and-losses'],
  ['packages/search/src/bad-9.ts', 'packages/losses/src/index.ts', 'search-imports-only-core'],
  ['packages/search/src/bad-10.ts', 'packages/crossmodal/src/index.ts', 'nobody-imports-the-command'],
  ['packages/losses/src/bad-21.ts', 'packages/core/src/data/index.ts', 'browser-code-imports-browser-doors'],
  ['packages/alignment/src/bad-11.ts', 'packages/core/src/train/index.ts', 'browser-code-imports-browser-doors'],
  ['packages/fusion/src/bad-12.ts', 'packages/core/src/models/index.ts', 'browser-code-imports-browser-doors'],
  ['packages/gan/src/bad-13.ts', 'packages/core/src/device/index.ts', 'browser-code-imports-browser-doors'],
  ['packages/vae/src/bad-14.ts', 'packages/core/src/data/sets/index.ts', 'browser-code-imports-browser-doors'],
  [
    'packages/adaptation/src/bad-15.ts',
    'packages/core/src/safetensors/files/index.ts',
    'browser-code-imports-browser-doors',
  ],
  ['packages/encoder-decoder/src/bad-16.ts', 'packages/core/src/train/index.ts', 'browser-code-imports-browser-doors'],
  ['packages/encoder-decoder/src/bad-17.ts', 'packages/vae/src/index.ts', 'paradigms-import-only-core-and-losses'],
  ['packages/core/src/bad-18.ts', 'packages/core/src/device/index.ts', 'browser-code-imports-browser-doors'],
  [
    'packages/core/src/step/bad-19.ts',
    'packages/core/src/checkpoint/atomic-write.ts',
    'browser-code-imports-browser-doors',
  ],
  [
    'packages/core/src/safetensors/bad-20.ts',
    'packages/core/src/safetensors/files/index.ts',
    'browser-code-imports-browser-doors',
  ],
  ['packages/core/src/bad-6.ts', 'apps/bench/src/main.ts', 'nobody-imports-the-apps'],
  ['packages/losses/src/bad-7.ts', 'tools/testkit/src/index.ts', 'testkit-only-in-tests'],
  ['apps/bench/src/bad-8.ts', 'packages/core/src/fit.ts', 'packages-through-their-front-door'],
];

/** Modules of Node in what must run in a browser. */
const ofNode: [string, string][] = [
  ['packages/losses/src/node-0.ts', "import { readFileSync } from 'node:fs';\nexport const x = readFileSync;\n"],
  ['packages/core/src/node-1.ts', "import { join } from 'path';\nexport const x = join;\n"],
  ['packages/core/src/layers/node-2.ts', "export const x = import('node:os');\n"],
  ['packages/vae/src/node-3.ts', "import type { Buffer } from 'node:buffer';\nexport type X = Buffer;\n"],
  ['packages/core/src/model-files/node-4.ts', "export { join } from 'node:path';\n"],
];

const allowed: [string, string][] = [
  ['packages/losses/src/good-5.ts', 'packages/core/src/layers/index.ts'],
  ['packages/alignment/src/good-6.ts', 'packages/core/src/safetensors/index.ts'],
  ['packages/core/src/train/good-7.ts', 'packages/core/src/checkpoint/atomic-write.ts'],
  ['packages/encoders-text/src/good-8.ts', 'packages/core/src/models/index.ts'],
  ['packages/losses/src/good-0.ts', 'packages/core/src/index.ts'],
  ['packages/search/src/good-4.ts', 'packages/core/src/index.ts'],
  ['packages/gan/src/good-1.ts', 'packages/losses/src/index.ts'],
  ['apps/bench/src/good-2.ts', 'packages/alignment/src/index.ts'],
  ['packages/crossmodal/src/good-5.ts', 'packages/encoders-text/src/index.ts'],
  ['packages/gan/test/good-3.ts', 'tools/testkit/src/index.ts'],
];

let house: string;
let violations: { from: string; rule: { name: string } }[];

beforeAll(async () => {
  house = mkdtempSync(join(tmpdir(), 'crossmodal-rules-'));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(house, file)), { recursive: true });
    writeFileSync(join(house, file), text);
  };
  for (const [from, to] of [...forbidden, ...allowed]) {
    write(to, 'export const x = 1;\n');
    write(from, `export { x } from '${'../'.repeat(from.split('/').length - 1)}${to}';\n`);
  }
  for (const [file, text] of ofNode) write(file, text);
  write('packages/core/src/circle-a.ts', "import type { B } from './circle-b.ts';\nexport interface A { b: B }\n");
  write('packages/core/src/circle-b.ts', "import type { A } from './circle-a.ts';\nexport interface B { a: A }\n");
  write('tsconfig.json', '{}');
  symlinkSync(join(root, 'node_modules'), join(house, 'node_modules'));
  const rules = join(root, '.dependency-cruiser.cjs');
  const { stdout } = await run(
    join(root, 'node_modules/.bin/depcruise'),
    ['--config', rules, '--output-type', 'json', 'packages', 'apps', 'tools'],
    { cwd: house },
  ).catch((error: { stdout: string }) => error);
  violations = (JSON.parse(stdout) as { summary: { violations: typeof violations } }).summary.violations;
});

afterAll(() => rmSync(house, { recursive: true, force: true }));

const brokenBy = (file: string) => violations.filter(({ from }) => from === file).map(({ rule }) => rule.name);

describe('import rules', () => {
  test.each(forbidden)('%s must not import %s', (from, _to, rule) => expect(brokenBy(from)).toContain(rule));
  test.each(ofNode)('%s must not import a module of Node', (file) =>
    expect(brokenBy(file)).toContain('browser-code-imports-nothing-of-node'),
  );
  test('types must not import each other in a circle', () =>
    expect(['a', 'b'].flatMap((name) => brokenBy(`packages/core/src/circle-${name}.ts`))).toContain('no-cycles'));
  test.each(allowed)('%s may import %s', (from) => expect(brokenBy(from)).toEqual([]));
});
