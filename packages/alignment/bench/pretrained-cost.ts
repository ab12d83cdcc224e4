// What loading, a forward pass and fine-tuning cost at the size of BERT-base and ViT-B/16 (random weights), beside PyTorch:
//
//   node scripts/node.mjs packages/alignment/bench/pretrained-cost.ts FOLDER PYTHON [bert|vit]
//
// FOLDER takes the models (0.8 GB), PYTHON has torch, transformers and peft. Batches are 4 texts of 128 tokens and 4 pictures
// of 224 pixels; times are the best of three or four after one that warms up. Memory is that of a process that only loads.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { compile, type Inputs } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { adamW } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/step';
import { lora } from '@crossmodal/core/tuning';
import { loadTextEncoder } from '@crossmodal/encoders-text';
import { loadImageEncoder } from '@crossmodal/encoders-vision';
import * as tf from '@tensorflow/tfjs-core';

type Case = 'bert' | 'vit';
interface Times {
  load: number;
  forward: number;
  full: number;
  lora: number;
}

const words = process.argv.slice(2);
if (words[0] === '--child') {
  const [, task, models, name] = words as [string, string, string, Case];
  process.stdout.write(`${JSON.stringify(await child(task, models, name))}\n`);
} else parent(words[0], words[1], words[2] as Case | undefined);

async function child(task: string, models: string, name: Case): Promise<Partial<Times> & { memory?: number }> {
  await useDevice('cpu');
  const before = process.resourceUsage().maxRSS * 1024;
  const started = performance.now();
  const path = join(models, name);
  const encoder = name === 'bert' ? await loadTextEncoder(path) : await loadImageEncoder(path);
  const load = Number(((performance.now() - started) / 1000).toFixed(2));
  if (task === 'load') return { load, memory: process.resourceUsage().maxRSS * 1024 - before };
  const inputs: Inputs =
    name === 'bert'
      ? {
          ids: tf.tensor2d(
            Int32Array.from({ length: 512 }, (_, i) => i + 1000),
            [4, 128],
            'int32',
          ),
        }
      : { pixels: tf.tidy(() => tf.sin(tf.reshape(tf.range(0, 4 * 224 * 224 * 3), [4, 224, 224, 3]))) };
  const encode = compile((x: Inputs) => encoder.encode(x));
  const forward = await best(4, async () => {
    const vector = encode(inputs) as tf.Tensor;
    await vector.data();
    vector.dispose();
  });
  const model = {
    loss: (batch: Inputs, { training }: { training: boolean }) => ({
      loss: tf.mean(tf.square(encoder.encode(batch, { training }))) as tf.Scalar,
    }),
    namedVariables: () => encoder.namedVariables(),
  };
  const stepTime = async () => {
    const optimizer = adamW({ learningRate: 1e-5 });
    const step = trainStep(model, { optimizer });
    const time = await best(3, async () => {
      const metrics = step.run(inputs);
      await metrics['loss']!.data();
      tf.dispose(metrics);
    });
    step.dispose();
    optimizer.dispose();
    return time;
  };
  const full = await stepTime();
  lora(encoder, { rank: 8, targets: ['query', 'value'], seed: 1 });
  return { load, forward, full, lora: await stepTime() };
}

async function best(times: number, run: () => Promise<void>): Promise<number> {
  await run();
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    await run();
    least = Math.min(least, performance.now() - started);
  }
  return Math.round(least);
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

function parent(models: string | undefined, interpreter: string | undefined, chosen: Case | undefined): void {
  if (!models || !interpreter) throw new Error('pretrained-cost: give a folder for the models and a Python with torch');
  const script = fileURLToPath(new URL('./pretrained_cost.py', import.meta.url));
  const answer = (command: string, args: readonly string[]) => {
    const { stdout, stderr, status } = spawnSync(command, args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
    return stdout.trim().split('\n').at(-1)!;
  };
  answer(interpreter, [script, 'make', models]);
  const own = [...process.execArgv, fileURLToPath(import.meta.url)];
  const rows = (chosen ? [chosen] : (['bert', 'vit'] as const)).flatMap((name) => {
    const loaded = JSON.parse(answer(process.execPath, [...own, '--child', 'load', models, name])) as {
      load: number;
      memory: number;
    };
    const ours = JSON.parse(answer(process.execPath, [...own, '--child', 'run', models, name])) as Times;
    const theirs = JSON.parse(answer(interpreter, [script, 'run', models, name])) as Times;
    // As they come: what was measured is not lost when something fails later.
    process.stderr.write(`${name}: ${JSON.stringify({ loaded, ours, theirs })}\n`);
    const weights = statSync(join(models, name, 'model.safetensors')).size;
    const compared = (['forward', 'full', 'lora'] as const).map((key) => [
      `${name}: ${key === 'forward' ? 'forward pass' : `training step, ${key}`}`,
      `${ours[key]} ms`,
      `${theirs[key]} ms`,
      `${(theirs[key] / ours[key]).toFixed(2)}x`,
    ]);
    return [
      [`${name}: load`, `${loaded.load} s`, `${theirs.load} s`, ''],
      [
        `${name}: peak memory of loading`,
        `${mebibytes(loaded.memory)} MiB`,
        `weights ${mebibytes(weights)} MiB`,
        `${(loaded.memory / weights).toFixed(2)} of the weights`,
      ],
      ...compared,
    ];
  });
  process.stdout.write('| measured | here | PyTorch | times as fast |\n| --- | --: | --: | --: |\n');
  for (const row of rows) process.stdout.write(`| ${row.join(' | ')} |\n`);
}
