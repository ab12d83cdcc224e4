import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type BuildOptions, build, type Metafile } from 'esbuild';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * What needs nothing of Node, with the kilobytes that all of it may have, minified, TensorFlow.js not counted. A new feature
 * that needs more raises its number here, where the review sees it.
 */
const budgets: Record<string, number> = {
  core: 50,
  'core/blocks': 50,
  'core/tuning': 36,
  'core/layers': 33,
  'core/metrics': 22,
  'core/optimisers': 18,
  'core/safetensors': 10,
  'core/schedules': 6,
  'core/step': 32,
  losses: 80,
  adaptation: 190,
  alignment: 225,
  'encoder-decoder': 120,
  fusion: 90,
  gan: 200,
  vae: 180, // 74 of them the decompositions of ml-matrix
};

/** A single import is what most users begin with: kilobytes, and modules of ours. */
const single = { program: "export { infoNce } from '@crossmodal/losses';", kilobytes: 14, modules: 180 };

async function bundle(contents: string, options: BuildOptions = {}): Promise<{ text: string; metafile: Metafile }> {
  const { outputFiles, metafile } = await build({
    // The benchmark app resolves all packages.
    stdin: { contents, resolveDir: join(root, 'apps/bench') },
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    conditions: ['@crossmodal/source'],
    external: ['@tensorflow/*'],
    logLevel: 'silent',
    ...options,
  });
  return { text: outputFiles![0]!.text, metafile: metafile! };
}

const nodeModules = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
const importsOf = ({ outputs }: Metafile) =>
  Object.values(outputs).flatMap(({ imports }) => imports.map(({ path }) => path));

describe('bundles for a browser', () => {
  it.each(Object.entries(budgets))('@crossmodal/%s has nothing of Node and at most %i KB', async (door, kilobytes) => {
    const { text, metafile } = await bundle(`export * from '@crossmodal/${door}';`);
    expect(importsOf(metafile).filter((path) => nodeModules.has(path))).toEqual([]);
    expect(text.length / 1024).toBeLessThan(kilobytes);
    // A budget with room for twice as much would never fail.
    expect(text.length / 1024).toBeGreaterThan(kilobytes / 2);
  });

  it('a single loss is small', async () => {
    const { text, metafile } = await bundle(single.program);
    expect(text.length / 1024).toBeLessThan(single.kilobytes);
    expect(Object.keys(metafile.inputs).length).toBeLessThan(single.modules);
  });

  it('a door with files in it is told apart', async () => {
    await expect(bundle("export * from '@crossmodal/core/data';")).rejects.toThrow(/Could not resolve/);
  });
});

const chromium = [process.env['CHROMIUM'], '/usr/bin/chromium', '/usr/bin/google-chrome'].find(
  (place) => place !== undefined && existsSync(place),
);

describe('a bundle in a browser', () => {
  const program = `
    import '@tensorflow/tfjs-backend-cpu';
    import '@tensorflow/tfjs-layers';
    import * as tf from '@tensorflow/tfjs-core';
    import { Random, randomNormal } from '@crossmodal/core';
    import { adamW } from '@crossmodal/core/optimisers';
    import { infoNce } from '@crossmodal/losses';
    await tf.setBackend('cpu');
    const random = new Random(1);
    const a = randomNormal([8, 4], { random });
    const w = tf.variable(randomNormal([4, 4], { random }));
    const optimizer = adamW({ learningRate: 0.1 });
    const loss = () => infoNce(tf.matMul(a, w), a, { temperature: 0.5 });
    const before = loss().dataSync()[0];
    for (let i = 0; i < 40; i++) optimizer.minimize(loss);
    document.body.textContent = JSON.stringify({ before, after: loss().dataSync()[0] });`;

  const needs = chromium === undefined ? ' [needs Chromium (CHROMIUM=path)]' : '';
  it.skipIf(chromium === undefined)(`trains in headless Chromium${needs}`, async () => {
    const { text } = await bundle(program, { external: [], mainFields: ['browser', 'module', 'main'] });
    const folder = mkdtempSync(join(tmpdir(), 'crossmodal-bundle-'));
    try {
      writeFileSync(join(folder, 'page.html'), `<!doctype html><body><script type="module">${text}</script>`);
      const flags = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(folder, 'profile')}`];
      const { stdout } = await promisify(execFile)(
        chromium!,
        [...flags, '--virtual-time-budget=20000', '--dump-dom', `file://${join(folder, 'page.html')}`],
        { maxBuffer: 2 ** 26 },
      );
      const { before, after } = JSON.parse(/\{"before".*?\}/.exec(stdout)![0]) as Record<string, number>;
      expect(after).toBeLessThan(before! - 0.5);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
