import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);
const bin = join(root, 'node_modules/.bin');
const env = {
  ...process.env,
  PATH: `${bin}:${process.env['PATH']}`,
  ONNXRUNTIME_NODE_INSTALL: 'skip',
  GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1', // as the packages advise
};

interface Manifest {
  name: string;
  private?: boolean;
  dependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  exports: Record<string, unknown>;
}

let project: string;

/** What a user of single packages does: npm, a blank project outside the workspace, the packed tarballs, one program. */
describe('the packages, packed and installed by npm in a blank project', () => {
  const names = readdirSync(join(root, 'packages'));

  beforeAll(async () => {
    project = mkdtempSync(join(tmpdir(), 'crossmodal-project-'));
    await run('turbo', ['run', 'build', '--output-logs=errors-only'], { cwd: root, env });
    for (const name of names) {
      await run('pnpm', ['pack', '--pack-destination', join(project, 'tarballs')], {
        cwd: join(root, 'packages', name),
        env,
      });
    }
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'blank', private: true, type: 'module' }));
    const tarballs = readdirSync(join(project, 'tarballs')).map((file) => `./tarballs/${file}`);
    const peers = ['@tensorflow/tfjs-core@4.22.0', '@tensorflow/tfjs-layers@4.22.0', 'openmoji@17.0.0', 'tsx@4'];
    await run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', ...tarballs, ...peers], {
      cwd: project,
      env,
    });
  }, 400_000);

  afterAll(() => rmSync(project, { recursive: true, force: true }));

  test.each(names)('%s arrives without sources, workspace ranges or development conditions', (name) => {
    const npmName = (JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as Manifest).name;
    const home = join(project, 'node_modules', npmName);
    const manifest = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')) as Manifest;
    expect(JSON.stringify(manifest.exports)).not.toContain('source');
    expect(JSON.stringify([manifest.dependencies, manifest.peerDependencies])).not.toMatch(/workspace:|catalog:/);
    expect(readdirSync(home).sort()).toEqual(expect.arrayContaining(['README.md', 'dist', 'package.json']));
    expect(readdirSync(home)).not.toContain('src');
  });

  test('the program of the root README runs', async () => {
    const program = /^```ts\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
    expect(program).toBeDefined();
    writeFileSync(join(project, 'emojis.ts'), program as string);
    const { stdout, stderr } = await run(join(project, 'node_modules/.bin/tsx'), ['emojis.ts'], {
      cwd: project,
      env,
      timeout: 200_000,
    });
    expect(stderr).toBe('');
    expect(stdout).toMatch(/recall/i);
  }, 210_000);
});
