// Images per second, decoded, resized and normalised, beside a PyTorch DataLoader with PIL and torchvision in the same run.
//   node --conditions=@crossmodal/source --import tsx packages/encoders-vision/bench/loading.ts
// PYTHON names an interpreter with torch and torchvision (python3 unless given); without them, ours alone is measured.
// CROSSMODAL_DATA may hold bsds500/train; else photograph-sized pictures are drawn.
//
// What is known, in processor time per photograph of 481 x 321 (2 shared cores, PIL 13, sharp 0.34.5, lowest of many rounds):
//   - sharp needs 2.9 ms to decode one and PIL 2.4; 1.1 of sharp's are spent on a picture of 8 x 8, too: options are read one
//     by one, libvips builds a pipeline, the work passes from libuv's thread to libvips's. Resizing to 64 takes 0.19 ms
//     (224: 0.37), reading the file 0.06.
//   - Nothing outside sharp lowers that: threads (1, 2, 4 of either pool), 1 to 8 calls under way, two worker threads, no
//     cache, paths instead of bytes, no flatten or autoOrient. Joining 2, 4 or 8 files in one call costs half as much again.
//   - Other decoders: @julusian/jpeg-turbo 2.3.0 takes 1.1 ms, but uses the fast DCT (71 % of the bytes differ, by up to 19),
//     and its 3.x wants Node 22; @napi-rs/image 1.8 ms (17 % differ, by up to 4); @napi-rs/canvas (3.0) and @cwasm/jpeg-turbo
//     (3.7, on the calling thread) give the same bytes and save nothing.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import '@tensorflow/tfjs-backend-cpu';
import { pipeline, stacked } from '@crossmodal/core/data';
import { bsds500 } from '@crossmodal/core/data/sets';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { imageDecoder } from '../src/index.js';

const rounds = Number(process.env['ROUNDS'] ?? 5);
const count = 200;
const batch = 32;
const mean = [0.485, 0.456, 0.406];
const standardDeviation = [0.229, 0.224, 0.225];

async function drawn(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (let i = 0; i < 50; i++) {
    const blobs = Array.from({ length: 60 }, (_, k) => {
      const [x, y, r] = [(k * 97 + i * 31) % 481, (k * 61 + i * 17) % 321, 5 + ((k * 13 + i) % 60)];
      return `<circle cx="${x}" cy="${y}" r="${r}" fill="hsl(${(k * 47 + i * 29) % 360} 60% 50%)" opacity="0.6"/>`;
    });
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="481" height="321">${blobs.join('')}</svg>`;
    paths.push(join(folder, `${i}.jpg`));
    await sharp(Buffer.from(svg))
      .flatten()
      .jpeg({ quality: 90 })
      .toFile(paths[i] as string);
  }
  return paths;
}

/** Items per second, and milliseconds of processor time per item: the second is steadier where others use the machine. */
interface Rate {
  rate: number;
  cpu: number;
}

async function ours(paths: string[], size: number): Promise<Rate> {
  const decoder = imageDecoder({ size });
  const data = pipeline(paths)
    .map((path) => decoder.decode(path), { concurrency: 8 })
    .batch(batch)
    .collate({ pixels: stacked((pixels) => pixels, { scale: 1 / 255, mean, standardDeviation }) })
    .prefetch(2);
  const [began, before] = [performance.now(), process.cpuUsage()];
  for await (const { pixels } of data.iterate(0)) tf.dispose(pixels);
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
      const { seconds, cpu, images } = JSON.parse(value) as { seconds: number; cpu: number; images: number };
      return { rate: images / seconds, cpu: (1000 * cpu) / images };
    },
    close: () => python.stdin.end(),
  };
}

const best = (rates: Rate[]) => Math.max(...rates.map(({ rate }) => rate));
const median = (rates: number[]) => [...rates].sort((a, b) => a - b)[Math.floor(rates.length / 2)] as number;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'crossmodal-bench-'));
  const files = await bsds500().catch(() => drawn(folder));
  const paths = Array.from({ length: count }, (_, i) => files[i % files.length] as string);
  const reference = torch();
  console.log(`${count} JPEG of about 481 x 321, ${availableParallelism()} cores, ${rounds} rounds of each in turn`);
  for (const size of [224, 64]) {
    await ours(paths, size);
    const rates: Record<string, Rate[]> = {};
    for (let round = 0; round < rounds; round++) {
      for (const workers of [0, availableParallelism()]) {
        const rate = await reference.rate({ paths, size, batch, workers });
        const name = `DataLoader, ${workers} workers`;
        if (rate !== undefined) rates[name] = [...(rates[name] ?? []), rate];
      }
      rates['crossmodal'] = [...(rates['crossmodal'] ?? []), await ours(paths, size)];
    }
    const own = rates['crossmodal'] as Rate[];
    const middle = (values: Rate[], what: keyof Rate) => median(values.map((value) => value[what]));
    for (const [name, values] of Object.entries(rates)) {
      const [faster, cheaper] = [
        middle(own, 'rate') / middle(values, 'rate'),
        middle(values, 'cpu') / middle(own, 'cpu'),
      ];
      const ratio =
        name === 'crossmodal'
          ? ''
          : `  crossmodal: ${faster.toFixed(2)} times the rate, 1/${cheaper.toFixed(2)} of the processor time`;
      console.log(
        `${size}: ${name.padEnd(22)} ${middle(values, 'rate').toFixed(0).padStart(5)} images/s (best ${best(values).toFixed(0)}), ` +
          `${middle(values, 'cpu').toFixed(2)} ms of processor time each${ratio}`,
      );
    }
    if (Object.keys(rates).length === 1) console.log('PyTorch with torchvision was not found: set PYTHON to compare');
  }
  reference.close();
  rmSync(folder, { recursive: true, force: true });
}

await main();
