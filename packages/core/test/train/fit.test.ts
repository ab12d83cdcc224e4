import '@tensorflow/tfjs-backend-cpu';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectNoLeak, skipWhatTheDeviceLacks } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Dataset, tensorDataset } from '../../src/data/index.js';
import { plateau } from '../../src/schedules/index.js';
import { type Callback, type FitOptions, fit, loadCheckpoint, type Step } from '../../src/train/index.js';
import { backends, useBackend } from '../device/backends.js';
import { type Batch, makeData, makeSetup } from './regression.js';
import { scripted } from './scripted.js';

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-fit-'));
let folders = 0;
const newFolder = () => join(temporary, String(folders++));

skipWhatTheDeviceLacks();
beforeAll(async () => {
  for (const name of backends) await useBackend(name); // what they say when they load is not the tests'
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const quiet = { progress: false } as const;

describe('the loop', () => {
  test('makes the asked number of epochs and steps, with every row once per epoch', async () => {
    const rows: number[][] = [];
    const x = tf.range(0, 10);
    const data = tensorDataset({ x }, { batchSize: 4, seed: 1 });
    x.dispose();
    const step = scripted(() => ({ loss: 1 }));
    const seen: Step<{ x: tf.Tensor }> = {
      ...step,
      run: (batch) => {
        rows.push([...batch.x.dataSync()]);
        return step.run({} as Batch);
      },
    };
    const history = await fit(seen, data, { epochs: 2, ...quiet });
    expect(history.records.map(({ step: at, epoch }) => [at, epoch])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 1],
      [5, 1],
      [6, 1],
    ]);
    expect(rows.map((row) => row.length)).toEqual([4, 4, 2, 4, 4, 2]);
    const epochs = [rows.slice(0, 3).flat(), rows.slice(3).flat()];
    for (const epoch of epochs) expect([...epoch].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(epochs[0]).not.toEqual(epochs[1]);
    expect(history.stopped).toBe('finished');
    expect(history.stepsPerSecond).toBeGreaterThan(0);
    const short = await fit(seen, data, { steps: 4, epochs: 5, ...quiet });
    expect(short.records).toHaveLength(4);
  });

  test.each(backends)('learns on %s, and leaves nothing behind', async (device) => {
    await useBackend(device);
    const { step, data, dispose } = makeSetup();
    const history = await fit(step, data, { epochs: 12, ...quiet });
    const mean = (records: typeof history.records) =>
      records.reduce((sum, { metrics }) => sum + metrics['error']!, 0) / records.length;
    expect(mean(history.records.slice(-6))).toBeLessThan(mean(history.records.slice(0, 6)) / 2);
    expect(Object.keys(history.records[0]!.metrics)).toEqual(['loss', 'error', 'penalty', 'gradientNorm']);
    await expectNoLeak(async () => {
      await fit(step, data, { steps: 3, ...quiet });
      return [];
    });
    dispose();
    await tf.setBackend('cpu');
  });

  test('records at intervals and at the end', async () => {
    const history = await fit(
      scripted((run) => ({ loss: run })),
      makeData(),
      { steps: 10, recordEvery: 4, ...quiet },
    );
    expect(history.records.map(({ step }) => step)).toEqual([4, 8, 10]);
  });

  test('goes through datasets that cannot start in the middle', async () => {
    const whole = makeData();
    const plain: Dataset<Batch> = { iterate: (epoch) => whole.iterate(epoch) };
    const checkpoint = newFolder();
    await fit(
      scripted(() => ({ loss: 1 })),
      plain,
      { steps: 3, checkpoint, ...quiet },
    );
    await expectNoLeak(async () => []);
    const history = await fit(
      scripted(() => ({ loss: 1 })),
      plain,
      { epochs: 2, checkpoint, ...quiet },
    );
    expect(history.records.map(({ step, epoch }) => [step, epoch]).slice(2, 7)).toEqual([
      [3, 0],
      [4, 0],
      [5, 0],
      [6, 0],
      [7, 1],
    ]);
    expect(history.records).toHaveLength(12);
  });

  test('callbacks see everything and may end the run', async () => {
    const calls: string[] = [];
    const callback: Callback = {
      name: 'watch',
      onStep: ({ step }) => void calls.push(`step ${step}`) as undefined,
      onValidation: ({ metrics }) => void calls.push(`validation ${metrics['score']}`) as undefined,
      onEpoch: ({ epoch }) => (epoch === 1 ? 'stop' : undefined),
    };
    const options: FitOptions = {
      epochs: 9,
      validate: ({ step }) => ({ score: step * 10 }),
      callbacks: [callback],
      ...quiet,
    };
    const history = await fit(
      scripted(() => ({ loss: 1 })),
      makeData(),
      options,
    );
    expect(history.stopped).toBe('callback');
    expect(history.records).toHaveLength(12);
    expect(calls.filter((call) => call.startsWith('validation'))).toEqual(['validation 60', 'validation 120']);
    expect(calls).toHaveLength(14);
  });

  test('an abort signal ends the run after the running step', async () => {
    const controller = new AbortController();
    const callback: Callback = {
      name: 'abort',
      onStep: ({ step }) => {
        if (step === 4) controller.abort();
        return undefined;
      },
    };
    const checkpoint = newFolder();
    const options: FitOptions = { epochs: 9, callbacks: [callback], signal: controller.signal, checkpoint, ...quiet };
    const step = scripted(() => ({ loss: 1 }));
    const before = tf.memory().numTensors;
    const history = await fit(step, makeData(), options);
    expect(history.stopped).toBe('aborted');
    expect(readdirSync(checkpoint)).toEqual(['step-000000004']);
    expect(tf.memory().numTensors - before).toBe(0);
  });
});

describe('validation', () => {
  const losses = [5, 4, 3, 3.5, 3.2, 3.1, 2];
  const validate = (): FitOptions['validate'] => {
    let calls = 0;
    return () => ({ loss: losses[calls++]! });
  };

  test('early stopping waits as long as it was told, and puts the best weights back', async () => {
    const step = scripted(() => ({ loss: 1 }));
    const earlyStopping = { metric: 'loss', patience: 2, restoreBest: true };
    const history = await fit(step, makeData(), { epochs: 7, validate: validate(), earlyStopping, ...quiet });
    expect(history.stopped).toBe('early');
    expect(history.validations.map(({ metrics }) => metrics['loss'])).toEqual([5, 4, 3, 3.5, 3.2, 3.1]);
    expect(history.best).toEqual({ metric: 'loss', step: 18, value: 3 });
    expect(step.namedState()['weight']!.dataSync()[0]).toBe(18);
    const patient = { metric: 'loss', patience: 3, better: 'lower' } as const;
    const long = await fit(
      scripted(() => ({ loss: 1 })),
      makeData(),
      { epochs: 7, validate: validate(), earlyStopping: patient, ...quiet },
    );
    expect(long.stopped).toBe('finished');
    expect(long.best?.value).toBe(2);
  });

  const reported = (metric: string, values: readonly number[]): FitOptions['validate'] => {
    let calls = 0;
    return () => ({ [metric]: values[calls++]! });
  };
  const flat = () => scripted(() => ({ loss: 1 }));

  test('an equal value is no improvement, and NaN is never the best', async () => {
    const history = await fit(flat(), makeData(), {
      epochs: 6,
      validate: reported('loss', [Number.NaN, 3, 3, 3, 3, 3]),
      earlyStopping: { metric: 'loss', patience: 1 },
      ...quiet,
    });
    expect(history.best).toEqual({ metric: 'loss', step: 12, value: 3 });
    expect(history.stopped).toBe('early');
    expect(history.validations).toHaveLength(4);
  });

  test.each([
    ['higher', [0.5, 0.7, 0.75, 0.78]],
    ['lower', [0.9, 0.7, 0.65, 0.62]],
  ] as const)('%s: less than the least improvement is none', async (better, values) => {
    const history = await fit(flat(), makeData(), {
      epochs: 4,
      validate: reported('score', values),
      earlyStopping: { metric: 'score', better, minimumImprovement: 0.1, patience: 9 },
      ...quiet,
    });
    expect(history.best).toEqual({ metric: 'score', step: 12, value: 0.7 });
  });

  test('a resumed run goes on with its patience and its plateau', async () => {
    const run = async (epochs: number, folder: string, patience: number) => {
      const rate = plateau({ from: 1, factor: 0.5, patience: 1 });
      const history = await fit(flat(), makeData(), {
        epochs,
        validate: () => ({ loss: 1 }),
        earlyStopping: { metric: 'loss', patience },
        plateau: { schedule: rate, metric: 'loss' },
        checkpoint: folder,
        ...quiet,
      });
      return { ...history, rate: rate(0) };
    };
    const [stopping, waiting] = [newFolder(), newFolder()];
    expect((await run(3, stopping, 3)).stopped).toBe('finished');
    const rest = await run(6, stopping, 3);
    expect(rest.stopped).toBe('early');
    expect(rest.validations).toHaveLength(5);
    expect(rest.best).toEqual({ metric: 'loss', step: 6, value: 1 });
    expect((await run(3, waiting, 9)).rate).toBe(0.5);
    expect((await run(6, waiting, 9)).rate).toBe(0.25);
  });

  test('the best checkpoint is that of its own metric, the best weights those of early stopping', async () => {
    const folder = newFolder();
    const inner = flat();
    const { weight } = inner.namedState() as { weight: tf.Variable };
    const step: Step<Batch> = { ...inner, namedState: () => ({ 'model/weight': weight }) };
    const validations = [
      { loss: 1, recall: 0.1 },
      { loss: 2, recall: 0.9 },
      { loss: 3, recall: 0.5 },
    ];
    await fit(step, makeData(), {
      epochs: 3,
      validate: ({ epoch }) => validations[epoch]!,
      earlyStopping: { metric: 'loss', patience: 9, restoreBest: true },
      checkpoint: { folder, keep: 1, best: { metric: 'recall', better: 'higher' } },
      ...quiet,
    });
    expect(weight.dataSync()[0]).toBe(6);
    const model = { namedVariables: () => ({ weight }) };
    expect(await loadCheckpoint(folder, 'best', model)).toMatchObject({ step: 12, best: { step: 12, value: 0.9 } });
    expect(weight.dataSync()[0]).toBe(12);
  });

  test('with checkpoints the best one stays, and comes back', async () => {
    const folder = newFolder();
    const step = scripted(() => ({ loss: 1 }));
    const earlyStopping = { metric: 'loss', patience: 2, restoreBest: true };
    const options: FitOptions = {
      epochs: 7,
      validate: validate(),
      earlyStopping,
      checkpoint: { folder, keep: 1 },
      ...quiet,
    };
    await fit(step, makeData(), options);
    expect(readdirSync(folder)).toEqual(['step-000000018', 'step-000000036']);
    expect(step.namedState()['weight']!.dataSync()[0]).toBe(18);
    const again = scripted(() => ({ loss: 1 }));
    const history = await fit(again, makeData(), options);
    expect(history.stopped).toBe('early');
    expect(again.runs).toBe(18);
    expect(again.namedState()['weight']!.dataSync()[0]).toBe(18);
  });

  test('a plateau lowers the learning rate', async () => {
    const rate = plateau({ from: 1, factor: 0.5, patience: 1 });
    await fit(
      scripted(() => ({ loss: 1 })),
      makeData(),
      {
        epochs: 6,
        validate: validate(),
        plateau: { schedule: rate, metric: 'loss' },
        ...quiet,
      },
    );
    expect(rate(0)).toBe(0.5);
  });

  test('every so many steps', async () => {
    const seen: number[] = [];
    const validateAt = ({ step }: { step: number }) => {
      seen.push(step);
      return { loss: 1 };
    };
    await fit(
      scripted(() => ({ loss: 1 })),
      makeData(),
      { steps: 11, validate: validateAt, validateEverySteps: 5, ...quiet },
    );
    expect(seen).toEqual([5, 10]);
  });

  test('a metric that is not there is named', async () => {
    const earlyStopping = { metric: 'accuracy', patience: 1 };
    const run = fit(
      scripted(() => ({ loss: 1 })),
      makeData(),
      { epochs: 2, validate: () => ({ loss: 1 }), earlyStopping, ...quiet },
    );
    await expect(run).rejects.toThrow("earlyStopping watches 'accuracy', validate returned loss");
  });
});

test('logs', async () => {
  const folder = newFolder();
  const log = { jsonl: join(folder, 'run.jsonl'), tensorboard: join(folder, 'board') };
  const { step, data, dispose } = makeSetup();
  const written: string[] = [];
  const spy = process.stderr.write;
  process.stderr.write = ((text: string) => written.push(text) > 0) as typeof spy;
  try {
    await fit(step, data, { epochs: 1, validate: () => ({ score: 0.5 }), log, label: 'small' });
  } finally {
    process.stderr.write = spy;
  }
  const lines = readFileSync(log.jsonl, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines).toHaveLength(7);
  expect(lines[0]).toMatchObject({ step: 1, epoch: 0, train: { error: expect.any(Number) as number } });
  expect(lines[0]!['learningRate']).toBeCloseTo(0.004);
  expect(lines[6]).toMatchObject({ step: 6, validation: { score: 0.5 } });
  expect(readdirSync(log.tensorboard)).toHaveLength(1);
  expect(existsSync(folder)).toBe(true);
  expect(written.join('')).toMatch(/small: step 6\/6 \(100 %\), epoch 1, .* steps\/s/);
  dispose();
});
