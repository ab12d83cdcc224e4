import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFolder, saveFolder, saveOnnx } from '@crossmodal/core/models';
import { huggingFaceCase } from '@crossmodal/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  bagEncoder,
  characterTokenizer,
  gruEncoder,
  loadTextEncoder,
  loadTokenizer,
  lstmEncoder,
  transformerEncoder,
  wordTokenizer,
} from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossmodal-text-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const texts = ['a red boat', 'two dogs run'];

describe('own encoders', () => {
  const tokenizer = wordTokenizer({ corpus: texts, markers: true });
  const made = {
    bag: () => bagEncoder({ tokenizer, dimension: 8, hidden: [6], maximumLength: 5, seed: 1 }),
    lstm: () => lstmEncoder({ tokenizer, dimension: 8, bidirectional: true, seed: 1 }),
    gru: () => gruEncoder({ tokenizer: characterTokenizer(), dimension: 6, seed: 1 }),
    transformer: () => transformerEncoder({ tokenizer, dimension: 8, heads: 2, layers: 1, seed: 1 }),
  };
  it.each(Object.keys(made) as (keyof typeof made)[])('%s: saved and loaded, gives the same vectors', async (name) => {
    const encoder = made[name]();
    const path = join(folder, name);
    await saveFolder(path, encoder as Required<typeof encoder>, { card: { data: 'two captions' } });
    const again = await loadTextEncoder(path);
    const before = encoder.encode(await encoder.prepare(texts));
    expect(again.encode(await again.prepare(texts))).toBeAllclose(before, { atol: 0, rtol: 0 });
    expect(Object.keys(again.namedVariables())).toEqual(Object.keys(encoder.namedVariables()));
    expect(new TextDecoder().decode(await (await openFolder(path)).get('README.md')!.read())).toMatch(/two captions/);
  });

  it('with a tokenizer.json', async () => {
    const pretrained = await loadTokenizer(huggingFaceCase('sentence_mean').folder);
    const encoder = bagEncoder({ tokenizer: pretrained, dimension: 8, seed: 1 });
    const again = await loadTextEncoder(await encoder.files!());
    const before = encoder.encode(await encoder.prepare(texts));
    expect(again.encode(await again.prepare(texts))).toBeAllclose(before, { atol: 0, rtol: 0 });
  });

  it('with a tokeniser that no file can hold: exported without it, and not saved', async () => {
    const { toJSON: _, ...plain } = tokenizer;
    const encoder = lstmEncoder({ tokenizer: plain, dimension: 4, seed: 1 });
    const path = join(folder, 'own.onnx');
    await saveOnnx(path, encoder.encode, await encoder.prepare(texts));
    const facts = JSON.parse(await readFile(join(folder, 'own.preprocessing.json'), 'utf8'));
    expect(facts).toMatchObject({ model: 'own.onnx', modality: 'text', tokenizer: null });
    expect(facts.files).toBeUndefined();
    await expect(encoder.files!()).rejects.toThrow(/lstmEncoder: its tokeniser cannot be saved/);
    await saveOnnx(path, made.lstm().encode, await made.lstm().prepare(texts));
    expect(JSON.parse(await readFile(join(folder, 'own.preprocessing.json'), 'utf8'))).toMatchObject({
      tokenizer: 'tokenizer.json',
      files: { 'tokenizer.json': 'own.tokenizer.json' },
    });
  });

  it('names what makes a folder foreign', async () => {
    const files = new Map(await made.bag().files!());
    const config = JSON.parse(new TextDecoder().decode(await files.get('config.json')!.read()));
    const withConfig = (changes: object) => {
      const bytes = new TextEncoder().encode(JSON.stringify({ ...config, ...changes }));
      return new Map([
        ...files,
        ['config.json', { label: 'config.json', size: bytes.length, read: async () => bytes }],
      ]);
    };
    await expect(loadTextEncoder(withConfig({ type: 'nothing' }))).rejects.toThrow(
      /the type must be one of bagEncoder, .* got "nothing"/,
    );
    await expect(loadTextEncoder(withConfig({ version: 2 }))).rejects.toThrow(/it has version 2, this package reads 1/);
    const wider = withConfig({ options: { ...config.options, dimension: 9 } });
    await expect(loadTextEncoder(wider)).rejects.toThrow(
      /of other shape: embedding\/embeddings \(file \[\d+,8\], model \[\d+,9\]\)/,
    );
  });
});

describe('folders in the layout of Hugging Face', () => {
  it.each([
    ...['bert_sharded', 'bert_bfloat16', 'distilbert', 'roberta', 'mpnet', 'modernbert', 'gpt2'],
    ...['sentence_mean', 'clip', 'siglip', 'clap'],
  ])('%s: saved and loaded, gives the same vectors', async (name) => {
    const encoder = await loadTextEncoder(huggingFaceCase(name).folder);
    const path = join(folder, `hf-${name}`);
    await saveFolder(path, encoder);
    const again = await loadTextEncoder(path);
    const inputs = huggingFaceCase(name);
    const ids = inputs.tensor('in.input_ids');
    expect(again.encode({ ids })).toBeAllclose(encoder.encode({ ids }), { atol: 0, rtol: 0 });
    expect(Object.keys(again.namedVariables())).toEqual(Object.keys(encoder.namedVariables()));
  });
});
