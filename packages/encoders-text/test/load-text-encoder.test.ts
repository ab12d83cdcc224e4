import { CrossmodalError, compile, type ModelFile, type ModelFiles, memoryFile } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { expectNoLeak, expectNoLeakWhenThrowing, huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { loadTextEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const { folder, texts } = huggingFaceCase('sentence_mean');
const json = (value: unknown): ModelFile => memoryFile(JSON.stringify(value), { label: 'here' });

/** The files of a case, some of them exchanged. */
async function changed(name: string, changes: Record<string, ModelFile | undefined>): Promise<ModelFiles> {
  const files = new Map(await openFolder(huggingFaceCase(name).folder));
  for (const [file, content] of Object.entries(changes)) {
    if (content) files.set(file, content);
    else files.delete(file);
  }
  return files;
}

async function configOf(name: string): Promise<Record<string, unknown>> {
  const files = await openFolder(huggingFaceCase(name).folder);
  return JSON.parse(new TextDecoder().decode(await files.get('config.json')!.read())) as Record<string, unknown>;
}

const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing was thrown',
    (error: unknown) => {
      expect(CrossmodalError.isInstance(error), String(error)).toBe(true);
      return (error as Error).message;
    },
  );

describe('loadTextEncoder', () => {
  it('gives an encoder that compiles, pads in steps, and takes prompts of the folder', async () => {
    const files = await changed('sentence_mean', {
      'config_sentence_transformers.json': json({ prompts: { query: 'two dogs ' }, default_prompt_name: null }),
    });
    const encoder = await loadTextEncoder(files, { lengthMultiple: 4 });
    const inputs = await encoder.prepare(texts);
    expect(inputs['ids']!.shape[1]! % 4).toBe(0);
    const encode = compile((x: Record<string, tf.Tensor>) => encoder.encode(x));
    for (let i = 0; i < 4; i++) expect(encode(inputs)).toBeAllclose(encoder.encode(inputs), { atol: 1e-6 });
    const prompted = await encoder.prepare(['run along'], { prompt: 'query' });
    const whole = await encoder.prepare(['two dogs run along']);
    expect(prompted['ids']!).toBeAllclose(whole['ids']!, { atol: 0 });
    await expect(encoder.prepare(['a'], { prompt: 'other' })).rejects.toThrow(/no prompt 'other', it has query/);
  });

  it('drops out when training only, the same for the same seed', async () => {
    const load = (seed: number) => loadTextEncoder(folder, { seed });
    const [a, b, c] = [await load(1), await load(1), await load(2)];
    const inputs = await a.prepare(texts);
    const [x, y, z] = [a, b, c].map((encoder) => encoder.encode(inputs, { training: true }));
    expect(x!).toBeAllclose(y!, { atol: 0, rtol: 0 });
    expect(tf.max(tf.abs(tf.sub(x!, z!))).dataSync()[0]).toBeGreaterThan(1e-3);
    expect(a.encode(inputs)).toBeAllclose(c.encode(inputs), { atol: 0, rtol: 0 });
  });

  it('looks back only where a BERT is a decoder', async () => {
    const config = json({ ...(await configOf('bert_one')), is_decoder: true });
    const encoder = await loadTextEncoder(await changed('bert_one', { 'config.json': config }));
    const states = (ids: number[]) => encoder.encodeSequence({ ids: tf.tensor2d([ids], [1, 6], 'int32') }).sequence;
    const [one, other] = [states([2, 20, 30, 40, 50, 3]), states([2, 20, 30, 60, 70, 3])];
    const part = (x: tf.Tensor, from: number) => tf.slice(x, [0, from, 0], [1, 3, -1]);
    expect(part(one, 0)).toBeAllclose(part(other, 0), { atol: 1e-6 });
    expect(tf.max(tf.abs(tf.sub(part(one, 3), part(other, 3)))).dataSync()[0]).toBeGreaterThan(1e-2);
  });

  it('leaks no tensors, also when the weights do not fit', async () => {
    const encoder = await loadTextEncoder(folder);
    const inputs = await encoder.prepare(texts);
    await expectNoLeak(() => encoder.encode(inputs));
    await expectNoLeak(() => ({ ...encoder.encodeSequence(inputs) }) as tf.TensorContainer);
    await expectNoLeak(async () => (await loadTextEncoder(folder)).dispose());
    const config = { ...(await configOf('bert_one')), hidden_size: 64 };
    await expectNoLeakWhenThrowing(
      async () => (await loadTextEncoder(await changed('bert_one', { 'config.json': json(config) }))).dispose(),
      'does not fit its config.json',
    );
  });

  it('names another architecture, and settings out of range', async () => {
    const load = async (changes: object) =>
      messageOf(
        loadTextEncoder(
          await changed('bert_one', { 'config.json': json({ ...(await configOf('bert_one')), ...changes }) }),
        ),
      );
    expect(await load({ model_type: 't5' })).toMatch(/model_type must be one of bert, .*, got 't5'/);
    expect(await load({ model_type: 'vit' })).toMatch(/loadImageEncoder/);
    expect(await load({ model_type: 'constructor' })).toMatch(/got 'constructor'/);
    expect(await load({ hidden_size: -1 })).toMatch(/hidden_size must be a whole number of at least 1, got -1/);
    expect(await load({ num_attention_heads: 5 })).toMatch(/heads must divide the width, got 5 and 32/);
    expect(await load({ num_hidden_layers: 1e6 })).toMatch(/num_hidden_layers must be at most 1000/);
    expect(await load({ hidden_act: 'nothing' })).toMatch(/no activation 'nothing'; there are gelu/);
    expect(await load({ position_embedding_type: 'relative_key' })).toMatch(/must be 'absolute', got 'relative_key'/);
    expect(await load({ num_hidden_layers: 3 })).toMatch(/missing in the file: encoder\.layer\.2\.attention/);
    expect(await load({ num_hidden_layers: 1 })).toMatch(/in the file only: encoder\.layer\.1\..* and 8 more/);
    expect(await load({ intermediate_size: 32 })).toMatch(
      /of other shape: encoder\.layer\.0\.intermediate\.dense\.weight \(file \[64,32\], model \[32,32\]\)/,
    );
  });

  it('names files that are missing, cut or foreign', async () => {
    const cut = memoryFile('{"model_type": "bert", "hidden', { label: 'models/x/config.json' });
    expect(await messageOf(loadTextEncoder(await changed('bert_one', { 'config.json': cut })))).toMatch(
      /models\/x\/config\.json: it is not JSON/,
    );
    expect(await messageOf(loadTextEncoder(await changed('bert_one', { 'config.json': undefined })))).toMatch(
      /there is no config\.json among the files: /,
    );
    expect(
      await messageOf(
        loadTextEncoder(await changed('bert_one', { 'model.safetensors': undefined, 'io.safetensors': undefined })),
      ),
    ).toMatch(/no model\.safetensors/);
    const shards = await changed('bert_sharded', { 'model-00003-of-00004.safetensors': undefined });
    expect(await messageOf(loadTextEncoder(shards))).toMatch(
      /1 of the 4 files that it names are missing: model-00003-of-00004\.safetensors/,
    );
    const modules = [
      { type: 'a.Transformer', path: '' },
      { type: 'a.Pooling', path: '1_Pooling' },
      { type: 'a.CNN', path: '2_CNN' },
    ];
    expect(await messageOf(loadTextEncoder(await changed('sentence_mean', { 'modules.json': json(modules) })))).toMatch(
      /modules must be Transformer, Pooling, Dense and Normalize, got CNN/,
    );
    const poolless = await changed('sentence_mean', { '1_Pooling/config.json': json({ pooling_mode: 'median' }) });
    expect(await messageOf(loadTextEncoder(poolless))).toMatch(/pooling must be one of cls, mean, .*, got "median"/);
    expect(await messageOf(loadTextEncoder(folder, { poling: 'mean' } as never))).toMatch(/did you mean 'pooling'/);
    const bare = await loadTextEncoder(await changed('bert_one', { 'tokenizer.json': undefined }));
    expect(await messageOf(bare.prepare(['a']))).toMatch(/without a tokeniser; put a tokenizer\.json/);
    expect(() => bare.encode(tf.zeros([1, 2]) as never)).toThrow(/name it: \{ ids: tensor \}/);
  });
});
