import '@tensorflow/tfjs-layers';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Savable } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { saveFolder } from '@crossmodal/core/models';
import { huggingFaceCase } from '@crossmodal/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { disturb, kinds } from './kinds.js';

let root: string;
beforeAll(async () => {
  await useDevice('js');
  root = await mkdtemp(join(tmpdir(), 'crossmodal-folders-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe('a model of every kind', () => {
  it('is loaded by another process that knows only its folder, and says the same bit for bit', async () => {
    const expected: Record<string, string> = {};
    for (const [i, [name, { make, probe }]] of Object.entries(kinds).entries()) {
      const model = await make((folder) => huggingFaceCase(folder).folder);
      disturb(model);
      const output = await probe(model);
      const bytes = new Uint8Array((await output.data()).buffer);
      expected[name] = `${output.shape} ${createHash('sha256').update(bytes).digest('hex')}`;
      await saveFolder(join(root, String(i)), model as Savable);
    }
    const child = fileURLToPath(new URL('load-all.ts', import.meta.url));
    const args = ['--conditions=@crossmodal/source', '--import', 'tsx', child, root];
    const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 });
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toEqual(expected);
  });
});
