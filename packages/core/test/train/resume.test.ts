import '@tensorflow/tfjs-backend-cpu';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { registerOnnxBackend } from '@crossmodal/tfjs-backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dataset, pipeline } from '../../src/data/index.js';
import { namedVariables, type Trainable } from '../../src/index.js';
import { sgd } from '../../src/optimisers/index.js';
import {
  accumulate,
  alternatingStep,
  type FitOptions,
  fit,
  loadVariables,
  saveVariables,
} from '../../src/train/index.js';
import { backends, useBackend, useBackendHere } from '../device/backends.js';
import { type Batch, fingerprint, makeData, makeSetup } from './regression.js';

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-resume-'));
let folders = 0;
const newFolder = () => join(temporary, String(folders++));
const quiet = { progress: false } as const;

beforeAll(async () => {
  registerOnnxBackend({ hostThreshold: 32 });
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

/** Runs a fresh setup under the same options; what a new process would do. */
async function session(options: FitOptions, settings: Parameters<typeof makeSetup>[0] = {}) {
  const setup = makeSetup(settings);
  const history = await fit(setup.step, setup.data, { ...quiet, ...options });
  const print = await fingerprint(setup.step.namedState());
  const host = setup.step.hostState();
  setup.dispose();
  return { history, print, host };
}

describe.each(backends)('a run in pieces ends with the same bits, on %s', (device) => {
  useBackendHere(device);

  test.each([
    [{}, [1, 2, 3, 17]],
    [{}, [6, 12]],
    [{ batches: 4 }, [1, 5, 6, 11]],
  ])('settings %j, stopped after steps %j', async (settings, stops) => {
    const steps = 20;
    const whole = await session({ steps }, settings);
    const checkpoint = { folder: newFolder(), everySteps: 4 };
    for (const stop of stops) await session({ steps: stop, checkpoint }, settings);
    const pieces = await session({ steps, checkpoint }, settings);
    expect(pieces.host).toEqual(whole.host);
    expect(pieces.history.records).toEqual(whole.history.records);
    expect(pieces.print).toBe(whole.print);
  });

  test('weights saved on one device load on another', async () => {
    const file = join(temporary, `${device}.safetensors`);
    const { model, dispose } = makeSetup();
    const x = tf.ones([3, 4]);
    const expected = (model.predict(x) as tf.Tensor).arraySync();
    await saveVariables(file, namedVariables(model));
    dispose();
    const other = device === 'cpu' ? 'onnx' : 'cpu';
    await tf.setBackend(other);
    const copy = makeSetup();
    for (const variable of Object.values(namedVariables(copy.model))) variable.assign(tf.zerosLike(variable));
    await loadVariables(file, namedVariables(copy.model));
    expect(copy.model.predict(tf.ones([3, 4])) as tf.Tensor).toBeAllclose(expected as number[][]);
    copy.dispose();
    await useBackend(device);
  });
});

describe('checkpoints', () => {
  beforeAll(() => tf.setBackend('cpu'));

  test('the newest are kept, logs go on without gaps or repeats', async () => {
    const folder = newFolder();
    const jsonl = join(folder, 'run.jsonl');
    const options: FitOptions = {
      checkpoint: { folder, everySteps: 3, keep: 2 },
      log: { jsonl, tensorboard: join(folder, 'board') },
    };
    await session({ ...options, steps: 8 });
    // The run was killed after step 8 was logged and before its checkpoint was there.
    rmSync(join(folder, 'step-000000008'), { recursive: true });
    mkdirSync(join(folder, '.writing-step-000000008-x'));
    await session({ ...options, steps: 14 });
    const names = readdirSync(folder).filter((name) => name.startsWith('step') || name.startsWith('.'));
    expect(names).toEqual(['step-000000012', 'step-000000014']);
    const steps = readFileSync(jsonl, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { step: number }).step);
    expect(steps).toEqual(Array.from({ length: 14 }, (_, i) => i + 1));
    expect(readdirSync(join(folder, 'board'))).toHaveLength(2);
  });

  test('a damaged checkpoint is passed over, and said so; if all are damaged the run does not start', async () => {
    const folder = newFolder();
    const options: FitOptions = { checkpoint: { folder, everySteps: 2 }, steps: 4 };
    const whole = await session({ steps: 6 });
    await session(options);
    const tensors = join(folder, 'step-000000004', 'state.safetensors');
    const bytes = readFileSync(tensors);
    bytes[bytes.length - 5]! ^= 1;
    writeFileSync(tensors, bytes);
    const { history, print } = await session({ ...options, steps: 6 });
    expect(history.notes[0]).toMatch(/step-000000004 cannot be used: state.safetensors is damaged: its SHA-256/);
    expect(print).toBe(whole.print);
    for (const name of readdirSync(folder)) truncateSync(join(folder, name, 'state.json'), 40);
    await expect(session({ ...options, steps: 8 })).rejects.toThrow('state.json is not JSON; remove it');
  });

  test('foreign and future checkpoints are refused with the reason', async () => {
    const folder = newFolder();
    const options: FitOptions = { checkpoint: folder, steps: 2 };
    await session(options);
    const file = join(folder, 'step-000000002', 'state.json');
    const state = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    const rewrite = (changes: object) => writeFileSync(file, JSON.stringify({ ...state, ...changes }));
    rewrite({ format: 'other' });
    await expect(session(options)).rejects.toThrow('state.json is not of a checkpoint of this package');
    rewrite({ version: 99 });
    await expect(session(options)).rejects.toThrow('it has version 99, this package reads 1');
    rewrite({ step: 7 });
    await expect(session(options)).rejects.toThrow('state.json says step 7');
    rmSync(join(folder, 'step-000000002', 'state.safetensors'));
    await expect(session(options)).rejects.toThrow(/step-000000002 cannot be used: ENOENT/);
  });

  test('a changed model is told what is missing, extra and of other shape', async () => {
    const folder = newFolder();
    await session({ checkpoint: folder, steps: 2 });
    const wide = session({ checkpoint: folder, steps: 4 }, { width: 9 });
    await expect(wide).rejects.toThrow(
      /does not fit this model: of other shape: model\/dense\/kernel \(file \[4,8\], model \[4,9\]\)/,
    );
    const accumulating = session({ checkpoint: folder, steps: 4 }, { batches: 2 });
    await expect(accumulating).rejects.toThrow('missing in the file: accumulate/dense/kernel');
    const { step, data, dispose } = makeSetup();
    const { 'average/dense/kernel': _, ...rest } = step.namedState();
    await expect(
      fit({ ...step, namedState: () => rest }, data, { checkpoint: folder, steps: 4, ...quiet }),
    ).rejects.toThrow('in the file only: average/dense/kernel');
    dispose();
  });

  test('loading without strictness takes what fits and reports the rest', async () => {
    const file = join(temporary, 'part.safetensors');
    const a = tf.variable(tf.scalar(1));
    const b = tf.variable(tf.zeros([2]));
    await saveVariables(file, { a, b, c: a });
    a.assign(tf.scalar(5));
    const wider = tf.variable(tf.zeros([3]));
    const report = await loadVariables(file, { a, b: wider, d: b }, { strict: false });
    expect(report).toEqual({ missing: ['d'], extra: ['c'], reshaped: [{ name: 'b', stored: [2], wanted: [3] }] });
    expect(a.dataSync()[0]).toBe(1);
    tf.dispose([a, b, wider]);
  });

  test('another seed, and resume: false, do not touch a run that is there', async () => {
    const folder = newFolder();
    await session({ checkpoint: folder, steps: 2, seed: 1 });
    const copy = newFolder();
    cpSync(folder, copy, { recursive: true });
    await expect(session({ checkpoint: folder, steps: 4, seed: 2 })).rejects.toThrow(
      'was made with seed 1, this run has 2',
    );
    const fresh = session({ checkpoint: { folder, resume: false }, steps: 4 });
    await expect(fresh).rejects.toThrow('holds checkpoints up to step 2 and resume is false; choose another folder');
    expect(readdirSync(folder)).toEqual(readdirSync(copy));
  });

  test('other data is refused with both numbers, unknown and unrecorded data is not', async () => {
    const folder = newFolder();
    const run = async (data: Dataset<Batch>, options: FitOptions) => {
      const { step, dispose } = makeSetup();
      try {
        return await fit(step, data, { ...quiet, checkpoint: folder, ...options });
      } finally {
        dispose();
      }
    };
    const small = () => makeData({ rows: 8, batchSize: 3 });
    await run(small(), { epochs: 1 });
    await expect(run(makeData({ rows: 40, batchSize: 4 }), { epochs: 2 })).rejects.toThrow(
      /step-000000003 was made with 8 items, 3 batches per epoch, batch size 3, this run has 40 items, 10 batches per epoch, batch size 4; .*another folder, or delete/,
    );
    const rows = pipeline(Array.from({ length: 8 }, (_, i) => i));
    const piped = (size: number) =>
      rows
        .shuffle({ seed: 1 })
        .batch(size)
        .map((batch) => ({ x: tf.ones([batch.length, 4]), y: tf.ones([batch.length, 2]) }) as Batch)
        .prefetch(2);
    await expect(run(piped(4), { epochs: 2 })).rejects.toThrow(
      'was made with 3 batches per epoch, batch size 3, this run has 2 batches per epoch, batch size 4',
    );
    const done = await run(small(), { epochs: 1 });
    expect(done.notes).toEqual([`checkpoint ${folder} is at epoch 1 of 1 already: nothing to do`]);
    expect((await run(small(), { steps: 2 })).notes.at(-1)).toContain('is at step 3 of 2 already: nothing to do');
    expect((await run(piped(3), { epochs: 2 })).records).toHaveLength(6);
    const plain: Dataset<Batch> = { iterate: (epoch) => small().iterate(epoch) };
    expect((await run(plain, { epochs: 3 })).records).toHaveLength(9);
    await run(small(), { epochs: 4 });
    const file = join(folder, 'step-000000012', 'state.json');
    const saved = JSON.parse(readFileSync(file, 'utf8')) as { state: Record<string, unknown> };
    expect(saved.state['data']).toEqual({ items: 8, batchesPerEpoch: 3, batchSize: 3 });
    delete saved.state['data'];
    writeFileSync(file, JSON.stringify(saved));
    expect((await run(makeData({ rows: 8, batchSize: 4 }), { epochs: 5 })).records).toHaveLength(14);
  });

  test('two objectives resume as one', async () => {
    const run = async (options: FitOptions) => {
      const a = tf.variable(tf.scalar(1));
      const b = tf.variable(tf.scalar(1));
      const objective = (name: string, variable: tf.Variable, sign: number): Trainable<Batch> => ({
        loss: () => ({ loss: tf.mul(tf.mul(a, b), sign) as tf.Scalar }),
        namedVariables: () => ({ [name]: variable }),
      });
      const optimizer = () => sgd({ learningRate: (k) => 0.1 / (k + 1), momentum: 0.9 });
      const model = {
        objectives: { up: objective('a', a, 1), down: objective('b', b, -1) },
        namedVariables: () => ({ a, b }),
      };
      const step = alternatingStep(model, {
        objectives: {
          up: { optimizer: optimizer(), transforms: [accumulate(3)] },
          down: { optimizer: optimizer(), repeat: 2 },
        },
      });
      await fit(step, makeData(), { ...quiet, ...options });
      const print = await fingerprint(step.namedState());
      step.dispose();
      return { print, host: step.hostState() };
    };
    const whole = await run({ steps: 9 });
    const checkpoint = newFolder();
    await run({ steps: 4, checkpoint });
    expect(await run({ steps: 9, checkpoint })).toEqual(whole);
  });
});
