// `node scripts/node.mjs apps/bench/scripts/batch-files.ts [device]`: how many files of this repository a batch passes through from a
// file to a weight, the table of docs/architecture.md. The program is that of the README of alignment: a CSV, SVG pictures, a dual encoder,
// AdamW with clipping; one step. A file counts when at least one of its functions runs within `fit` (V8's precise coverage).
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Profiler, Session } from 'node:inspector/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dualEncoder } from '@crossmodal/alignment';
import { manifest } from '@crossmodal/core/data';
import { type DeviceName, useDevice } from '@crossmodal/core/device';
import { adamW } from '@crossmodal/core/optimisers';
import { clipByNorm, fit, trainStep } from '@crossmodal/core/train';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { convolutionalEncoder } from '@crossmodal/encoders-vision';

const write = (...parts: string[]) => process.stdout.write(`${parts.join(' ')}\n`);
const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'batch-files-'));
const lines = ['red', 'green', 'blue', 'gold'].map((colour) => {
  const circle = `<circle cx="16" cy="16" r="12" fill="${colour}"/>`;
  writeFileSync(
    join(folder, `${colour}.svg`),
    `<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32">${circle}</svg>`,
  );
  return `${colour}.svg,a ${colour} circle`;
});
writeFileSync(join(folder, 'captions.csv'), ['file,caption', ...lines].join('\n'));

await useDevice((process.argv[2] ?? 'js') as DeviceName);
const image = convolutionalEncoder({ size: 32, channels: [8, 16], dimension: 16, seed: 1 });
const text = bagEncoder({ tokenizer: wordTokenizer({ corpus: lines }), dimension: 16, seed: 1 });
const model = dualEncoder({ encoders: { image, text }, dimension: 8, seed: 1 });
const data = manifest(join(folder, 'captions.csv'), { columns: { image: 'file', text: 'caption' } })
  .shuffle({ seed: 1 })
  .batch(4)
  .map(async (batch) => ({
    image: await image.prepare(
      batch.map((row) => row.image as string),
      { training: true },
    ),
    text: await text.prepare(
      batch.map((row) => row.text as string),
      { training: true },
    ),
  }))
  .prefetch(2);
const step = trainStep(model, { optimizer: adamW({ learningRate: 3e-3 }), transforms: [clipByNorm(1)] });

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
await fit(step, data, { steps: 1, progress: false });
const { result } = await session.post('Profiler.takePreciseCoverage');
session.disconnect();
rmSync(folder, { recursive: true });

const ran = ({ functions }: Profiler.ScriptCoverage) => functions.some(({ ranges }) => (ranges[0]?.count ?? 0) > 0);
const files = result
  .filter((script) => script.url.startsWith('file:') && ran(script))
  .map(({ url }) => relative(root, fileURLToPath(url.replace(/\?.*$/, ''))))
  .filter((file) => /^packages\/[^/]+\/src\//.test(file))
  .sort();
const folders = new Map<string, string[]>();
for (const file of files) folders.set(dirname(file), [...(folders.get(dirname(file)) ?? []), file]);
for (const [name, list] of folders) {
  write(String(list.length).padStart(4), name, `(${list.map((file) => file.slice(name.length + 1, -3)).join(', ')})`);
}
write(String(files.length).padStart(4), 'files in all');
