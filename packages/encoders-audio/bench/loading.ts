// Recordings per second, decoded and turned into log-mel spectrograms, beside a PyTorch DataLoader with soundfile and torchaudio.
//   node --conditions=@crossmodal/source --import tsx packages/encoders-audio/bench/loading.ts
// PYTHON names an interpreter with torch, torchaudio and soundfile (python3 unless given); without them, ours alone is measured.
// CROSSMODAL_DATA may hold fsdd/recordings; else half-second tones at 8 kHz are written.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { type Decoder, padded, pipeline } from '@crossmodal/core/data';
import { fsdd } from '@crossmodal/core/data/sets';
import * as tf from '@tensorflow/tfjs-core';
import { decode } from '../src/audio-worker.js';
import { audioDecoder, encodeWav } from '../src/index.js';

const rounds = Number(process.env['ROUNDS'] ?? 5);
const count = 1500;
const batch = 32;
const mel = { fftSize: 256, windowLength: 200, hopLength: 80, bands: 40 };

function tones(folder: string): string[] {
  return Array.from({ length: 100 }, (_, i) => {
    const samples = Float32Array.from({ length: 3000 + 20 * i }, (_, t) => 0.3 * Math.sin(t * (0.05 + i / 200)));
    const path = join(folder, `${i}.wav`);
    writeFileSync(path, encodeWav({ samples, sampleRate: 8000 }));
    return path;
  });
}

/** Items per second, and milliseconds of processor time per item: the second is steadier where others use the machine. */
interface Rate {
  rate: number;
  cpu: number;
}

async function ours(decoder: Decoder, paths: string[]): Promise<Rate> {
  const data = pipeline(paths)
    .map((path) => decoder.decode(path), { concurrency: 16 })
    .batch(batch)
    .collate({ audio: padded((features) => features, { dtype: 'float32' }) })
    .prefetch(2);
  const [began, before] = [performance.now(), process.cpuUsage()];
  for await (const { audio } of data.iterate(0)) tf.dispose([audio.values, audio.mask]);
  const { user, system } = process.cpuUsage(before);
  return {
    rate: paths.length / ((performance.now() - began) / 1000),
    cpu: (user + system) / 1000 / paths.length,
  };
}

/** A PyTorch process that answers one round at a time, or undefined where there is none. */
function torch() {
  const script = fileURLToPath(new URL('./loading.py', import.meta.url));
  const python = spawn(process.env['PYTHON'] ?? 'python3', [script], { stdio: ['pipe', 'pipe', 'ignore'] });
  const lines = createInterface(python.stdout)[Symbol.asyncIterator]();
  python.on('error', () => {});
  python.stdin.on('error', () => {});
  return {
    async rate(task: object): Promise<Rate | undefined> {
      python.stdin.write(`${JSON.stringify(task)}\n`);
      const { value, done } = await lines.next();
      if (done) return undefined;
      const { seconds, cpu, items } = JSON.parse(value) as { seconds: number; cpu: number; items: number };
      return { rate: items / seconds, cpu: (1000 * cpu) / items };
    },
    close: () => python.stdin.end(),
  };
}

const best = (rates: Rate[]) => Math.max(...rates.map(({ rate }) => rate));
const median = (rates: number[]) => [...rates].sort((a, b) => a - b)[Math.floor(rates.length / 2)] as number;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'crossmodal-bench-'));
  const files = await fsdd().then(
    (rows) => rows.map((row) => row.audio),
    () => tones(folder),
  );
  const paths = Array.from({ length: count }, (_, i) => files[(i * 7) % files.length] as string);
  const reference = torch();
  const cores = availableParallelism();
  const options = { sampleRate: 8000, features: 'logMel', mel } as const;
  const decoders: Record<string, Decoder> = {
    'crossmodal, main thread': { decode: async (item) => decode(item, options), settings: {}, close: async () => {} },
    [`crossmodal, ${cores} threads`]: audioDecoder({ ...options, workers: cores }),
  };
  console.log(`${count} wav files of about half a second at 8 kHz, ${cores} cores, ${rounds} rounds of each in turn`);
  for (const decoder of Object.values(decoders)) await ours(decoder, paths);
  const rates: Record<string, Rate[]> = {};
  const add = (name: string, rate: Rate | undefined) => {
    if (rate !== undefined) rates[name] = [...(rates[name] ?? []), rate];
  };
  for (let round = 0; round < rounds; round++) {
    for (const workers of [0, cores])
      add(`DataLoader, ${workers} workers`, await reference.rate({ paths, batch, workers }));
    for (const [name, decoder] of Object.entries(decoders)) add(name, await ours(decoder, paths));
  }
  const middle = (values: Rate[], what: keyof Rate) => median(values.map((value) => value[what]));
  for (const [name, values] of Object.entries(rates)) {
    console.log(
      `${name.padEnd(24)} ${middle(values, 'rate').toFixed(0).padStart(6)} wav/s (best ${best(values).toFixed(0)}), ` +
        `${middle(values, 'cpu').toFixed(2)} ms of processor time each`,
    );
  }
  const fastest = (start: string) =>
    Math.max(
      ...Object.entries(rates).flatMap(([name, values]) => (name.startsWith(start) ? [middle(values, 'rate')] : [])),
    );
  if (Object.keys(rates).some((name) => name.startsWith('DataLoader'))) {
    console.log(
      `the faster of ours is ${(fastest('crossmodal') / fastest('DataLoader')).toFixed(2)} times as fast as the faster DataLoader`,
    );
  } else console.log('PyTorch with torchaudio and soundfile was not found: set PYTHON to compare');
  reference.close();
  for (const decoder of Object.values(decoders)) await decoder.close();
  rmSync(folder, { recursive: true, force: true });
}

await main();
