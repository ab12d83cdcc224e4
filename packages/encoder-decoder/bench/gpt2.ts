/**
 * Tokens per second of greedy generation with random weights of GPT-2's size, beside transformers on PyTorch where its Python is named:
 *
 *     node scripts/node.mjs packages/encoder-decoder/bench/gpt2.ts --python /path/to/python
 *
 * Both go on from 16 tokens by 64, five times in turn, after a round that is not counted; the median of the rounds is printed, by the
 * clock and by the time of the processor. The latter says something on a machine that others use as well: with one thread each
 * (`taskset -c 0 node ...`, which both keep to), since threads that wait for one another take time of the processor, too.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type ModelFiles, memoryFile, Random } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { type StoredTensor, safetensorsPieces } from '@crossmodal/core/safetensors';
import { greedy, loadLanguageModel } from '../src/index.js';

const { values } = parseArgs({
  options: {
    python: { type: 'string' },
    layers: { type: 'string', default: '12' },
    rounds: { type: 'string', default: '5' },
    rows: { type: 'string', default: '1' },
  },
});
const layers = Number(values.layers);
const rows = Number(values.rows);
const width = 768;
const config = { model_type: 'gpt2', n_embd: width, n_layer: layers, n_head: 12, n_positions: 1024, vocab_size: 50257 };
const prompt = Array.from({ length: 16 }, (_, i) => 100 + 37 * i);
const newTokens = 64;

function randomFiles(): ModelFiles {
  const random = new Random(1);
  const tensors = new Map<string, StoredTensor>();
  const add = (name: string, shape: number[], deviation: number, mean = 0) => {
    const numbers = new Float32Array(shape.reduce((product, size) => product * size, 1));
    if (deviation > 0) random.fork(name).fillNormal(numbers);
    for (let i = 0; i < numbers.length; i++) numbers[i] = mean + deviation * numbers[i]!;
    tensors.set(name, { dtype: 'F32', shape, bytes: new Uint8Array(numbers.buffer) });
  };
  const norm = (name: string) => {
    add(`${name}.weight`, [width], 0, 1);
    add(`${name}.bias`, [width], 0);
  };
  const map = (name: string, from: number, to: number) => {
    add(`${name}.weight`, [from, to], 0.02);
    add(`${name}.bias`, [to], 0);
  };
  add('wte.weight', [config.vocab_size, width], 0.02);
  add('wpe.weight', [config.n_positions, width], 0.02);
  for (let i = 0; i < layers; i++) {
    norm(`h.${i}.ln_1`);
    norm(`h.${i}.ln_2`);
    map(`h.${i}.attn.c_attn`, width, 3 * width);
    map(`h.${i}.attn.c_proj`, width, width);
    map(`h.${i}.mlp.c_fc`, width, 4 * width);
    map(`h.${i}.mlp.c_proj`, 4 * width, width);
  }
  norm('ln_f');
  const json = JSON.stringify({ ...config, eos_token_id: config.vocab_size - 1 });
  return new Map([
    ['config.json', memoryFile(json, { label: 'config.json' })],
    ['model.safetensors', memoryFile(safetensorsPieces(tensors), { label: 'model.safetensors' })],
  ]);
}

/** Seconds of one round. */
interface Round {
  clock: number;
  processor: number;
}

/** transformers in a process of its own: one round per line that it is sent; it answers with seconds. */
function torchContender(python: string) {
  const script = fileURLToPath(new URL('gpt2_worker.py', import.meta.url));
  const worker = spawn(python, [script, String(layers), String(rows)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: worker.stdout })[Symbol.asyncIterator]();
  return {
    round: async (): Promise<Round> => {
      worker.stdin.write('go\n');
      const [clock, processor] = String((await lines.next()).value)
        .split(' ')
        .map(Number);
      return { clock: clock!, processor: processor! };
    },
    end: () => worker.stdin.end(),
  };
}

await useDevice('cpu');
const model = await loadLanguageModel(randomFiles());
const prompts = Array.from({ length: rows }, () => prompt);
const ours = async (): Promise<Round> => {
  const start = performance.now();
  const before = process.cpuUsage();
  const results = await model.generate(prompts, { strategy: greedy(), maximumLength: newTokens });
  const clock = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  if (results.some(([best]) => best!.ids.length !== newTokens)) throw new Error('a sequence ended early');
  return { clock, processor: (user + system) / 1e6 };
};
const torch = values.python ? torchContender(values.python) : undefined;
await ours();
await ours();
if (torch) await torch.round();
const times = { ours: [] as Round[], torch: [] as Round[] };
for (let i = 0; i < Number(values.rounds); i++) {
  times.ours.push(await ours());
  if (torch) times.torch.push(await torch.round());
  const rounds = [times.ours.at(-1), times.torch.at(-1)].filter((round) => round !== undefined);
  const text = rounds.map(({ clock, processor }) => `${clock.toFixed(2)} s (processor ${processor.toFixed(2)})`);
  console.log(`round ${i + 1}: ${text.join(' beside ')}`);
}
torch?.end();
const median = (list: readonly number[]) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)]!;
for (const kind of ['clock', 'processor'] as const) {
  const speed = (list: readonly Round[]) => (rows * newTokens) / median(list.map((round) => round[kind]));
  console.log(`tokens per second by the ${kind}: ${speed(times.ours).toFixed(1)}`);
  if (!torch) continue;
  console.log(
    `  transformers: ${speed(times.torch).toFixed(1)}; ratio ${(speed(times.ours) / speed(times.torch)).toFixed(2)}`,
  );
}
model.dispose();
