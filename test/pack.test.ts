import { execFile, spawn } from 'node:child_process';
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

  test('the command runs as it was installed, and serves its page', async () => {
    const command = (...args: string[]) =>
      run(join(project, 'node_modules/.bin/crossmodal'), args, { cwd: project, env, timeout: 100_000 });
    await command('sample', 'emojis', '--limit', '40', '--size', '32');
    const { stdout: inspected } = await command('inspect', 'emojis', '--json');
    expect(JSON.parse(inspected)).toMatchObject({ kind: 'CSV', items: 40, broken: [] });
    const small = ['--image-size', '16', '--channels', '8,16', '--epochs', '1', '--batch-size', '8'];
    await command('train', '--data', 'emojis', '--out', 'models/emojis', ...small);
    await command('index', '--data', 'emojis', '--model', 'models/emojis');
    const { stdout: found } = await command('search', 'red heart', '--kind', 'image', '-k', '3', '--json');
    expect(JSON.parse(found).answers).toHaveLength(3);
    const server = spawn(join(project, 'node_modules/.bin/crossmodal'), ['serve', '--port', '0', '--json'], {
      cwd: project,
      env,
    });
    try {
      const url = await new Promise<string>((resolve, reject) => {
        server.stdout.once('data', (part: Buffer) => resolve((JSON.parse(part.toString()) as { url: string }).url));
        server.once('exit', () => reject(new Error('the server ended')));
      });
      const text = async (path: string) => (await fetch(new URL(path, url))).text();
      expect(await text('/')).toContain('page.js');
      expect((await text('/page.js')).length).toBeGreaterThan(10_000);
      expect(JSON.parse(await text('/api/search?words=red&k=2')).answers).toHaveLength(2);
    } finally {
      const exit = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGINT');
      await exit;
    }
    const refused = await command('caption', 'x.png', '--model', 'models/emojis').catch((error) => error);
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('use crossmodal index') });
  }, 200_000);

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
