import '@tensorflow/tfjs-backend-cpu';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { namedVariables } from '../../src/index.js';
import { sgd } from '../../src/optimisers/index.js';
import { average, fit, loadCheckpoint, loadVariables, saveVariables, trainStep } from '../../src/train/index.js';
import { type Batch, fingerprint, makeData, makeSetup } from './regression.js';
import { scripted } from './scripted.js';

const disk = vi.hoisted(() => ({ full: false }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const open: typeof real.open = async (path, flags, mode) => {
    const handle = await real.open(path, flags, mode);
    if (disk.full && flags === 'wx') {
      handle.write = (() =>
        Promise.reject(
          Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' }),
        )) as never;
    }
    return handle;
  };
  return { ...real, open };
});

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-reports-'));
let folders = 0;
const newFolder = () => join(temporary, String(folders++));
beforeAll(async () => {
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** What a run writes to a stream that is no terminal. */
async function written(run: () => Promise<unknown>): Promise<string[]> {
  const spy = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    await run();
    return spy.mock.calls.map(([text]) => String(text).trimEnd());
  } finally {
    spy.mockRestore();
  }
}

const recalls = [0.2, 0.5, 0.4];
const validated = (folder: string) => ({
  epochs: 3,
  label: 'run',
  validate: ({ epoch }: { epoch: number }) => ({ recall: recalls[epoch]!, loss: 1 - recalls[epoch]! }),
  checkpoint: { folder, best: { metric: 'recall', better: 'higher' as const } },
});

describe('fit prints', () => {
  test('validations, the best so far, and checkpoints', async () => {
    const folder = newFolder();
    const lines = await written(() =>
      fit(
        scripted(() => ({ loss: 1 })),
        makeData(),
        validated(folder),
      ),
    );
    const validations = lines.filter((line) => line.includes('validation'));
    expect(validations).toEqual([
      'run: validation at step 6, epoch 1: recall 0.2, loss 0.8 (the best so far)',
      'run: validation at step 12, epoch 2: recall 0.5, loss 0.5 (the best so far)',
      'run: validation at step 18, epoch 3: recall 0.4, loss 0.6 (best so far: recall 0.5 at step 12)',
    ]);
    const checkpoints = lines.filter((line) => line.includes('checkpoint '));
    expect(checkpoints).toEqual([
      `run: checkpoint ${folder}/step-000000006`,
      `run: checkpoint ${folder}/step-000000012`,
    ]);
  });

  test('the checkpoint at the end, and not each of those between', async () => {
    const folder = newFolder();
    const options = { steps: 10, label: 'run', checkpoint: { folder, everySteps: 1 } };
    const lines = await written(() =>
      fit(
        scripted(() => ({ loss: 1 })),
        makeData(),
        options,
      ),
    );
    expect(lines.filter((line) => line.includes('checkpoint '))).toEqual([`run: checkpoint ${folder}/step-000000001`]);
  });

  test('nothing with progress: false', async () => {
    const options = { ...validated(newFolder()), progress: false };
    expect(
      await written(() =>
        fit(
          scripted(() => ({ loss: 1 })),
          makeData(),
          options,
        ),
      ),
    ).toEqual([]);
  });
});

describe('loadCheckpoint', () => {
  test('gives the newest and the best weights of a run', async () => {
    const folder = newFolder();
    await fit(
      scripted(() => ({ loss: 1 })),
      makeData(),
      { ...validated(folder), progress: false },
    );
    const weight = tf.variable(tf.scalar(-1));
    const model = { namedVariables: () => ({ weight }) };
    // A scripted step names its state by hand; a real one has the prefix model/.
    await expect(loadCheckpoint(folder, 'best', model)).rejects.toThrow('missing in the file: weight');
  });

  test('of a real run: best, newest, and averaged', async () => {
    const folder = newFolder();
    const w = tf.variable(tf.scalar(0));
    const make = () =>
      trainStep(
        { loss: (_: Batch) => tf.mul(w, -1) as tf.Scalar, variables: { w } },
        { optimizer: sgd({ learningRate: 1 }), transforms: [average({ decay: 0.5 })] },
      );
    await fit(make(), makeData(), { ...validated(folder), progress: false });
    expect(w.dataSync()[0]).toBe(18);
    const model = { namedVariables: () => ({ w }) };
    expect(await loadCheckpoint(folder, 'best', model)).toMatchObject({ step: 12, best: { step: 12, value: 0.5 } });
    expect(w.dataSync()[0]).toBe(12);
    expect((await loadCheckpoint(folder, 'newest', model)).step).toBe(18);
    expect(w.dataSync()[0]).toBe(18);
    await loadCheckpoint(folder, 'newest', model, { averaged: true });
    expect(w.dataSync()[0]).toBeCloseTo(17, 3);
    // A variable loader reads checkpoints too: the folder, or the file in it.
    await loadVariables(join(folder, 'step-000000012'), { w });
    expect(w.dataSync()[0]).toBe(12);
    await loadVariables(join(folder, 'step-000000018', 'state.safetensors'), { w });
    expect(w.dataSync()[0]).toBe(18);
  });

  test('says what is not there', async () => {
    const folder = newFolder();
    const { step, data, model, dispose } = makeSetup();
    await fit(step, data, { steps: 2, checkpoint: folder, progress: false });
    const named = { namedVariables: () => namedVariables(model) };
    await expect(loadCheckpoint(folder, 'best', named)).rejects.toThrow(
      /knows no best validation up to step 2; train with fit\(\{ validate, checkpoint/,
    );
    await expect(loadCheckpoint(newFolder(), 'newest', named)).rejects.toThrow('holds no checkpoint');
    await expect(loadCheckpoint(folder, 'last' as never, named)).rejects.toThrow(
      "must be 'newest' or 'best', got 'last'",
    );
    await expect(loadCheckpoint(folder, 'newest', named, { average: true } as never)).rejects.toThrow(
      "did you mean 'averaged'?",
    );
    const before = await fingerprint(namedVariables(model));
    await loadCheckpoint(folder, 'newest', named);
    expect(await fingerprint(namedVariables(model))).toBe(before);
    dispose();
  });
});

describe('a full disk', () => {
  test('is said with the path, the last good checkpoint and the remedy, and the run goes on from there', async () => {
    const folder = newFolder();
    const options = { checkpoint: { folder, everySteps: 2 }, progress: false } as const;
    const step = scripted(() => ({ loss: 1 }));
    await fit(step, makeData(), { ...options, steps: 2 });
    disk.full = true;
    try {
      await expect(fit(step, makeData(), { ...options, steps: 8 })).rejects.toThrow(
        /^fit: the checkpoint .*step-000000004 could not be written: the disk is full \(ENOSPC\); .*the last good checkpoint is .*step-000000002; free space \(or lower checkpoint\.keep\) and call fit again/,
      );
      await expect(saveVariables(join(folder, 'w.safetensors'), step.namedState())).rejects.toThrow(
        /w\.safetensors could not be written: the disk is full \(ENOSPC\); free space/,
      );
    } finally {
      disk.full = false;
    }
    await fit(step, makeData(), { ...options, steps: 8 });
    expect(step.namedState()['weight']!.dataSync()[0]).toBe(8);
  });
});
