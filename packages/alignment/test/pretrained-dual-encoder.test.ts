import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EncoderLoaders, type ModelFiles, memoryFile } from '@crossmodal/core';
import { openFolder, saveFolder } from '@crossmodal/core/models';
import { sgd } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/step';
import { loadAudioEncoder } from '@crossmodal/encoders-audio';
import { loadTextEncoder } from '@crossmodal/encoders-text';
import { loadImageEncoder } from '@crossmodal/encoders-vision';
import { huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, describe, expect, it } from 'vitest';
import { type LoadedDualEncoder, loadDualEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const folder = mkdtempSync(join(tmpdir(), 'joint-'));
afterAll(() => rmSync(folder, { recursive: true }));

const encoders: EncoderLoaders = { image: loadImageEncoder, text: loadTextEncoder, audio: loadAudioEncoder };
const load = async (path: string): Promise<LoadedDualEncoder> => loadDualEncoder(await openFolder(path), { encoders });

type Case = ReturnType<typeof huggingFaceCase>;

/** The inputs of the library as a batch. */
function batchOf(
  golden: Case,
  { scaled = {} }: { scaled?: Record<string, tf.Tensor> } = {},
): Record<string, Record<string, tf.Tensor>> {
  const tensor = (name: string) => scaled[name] ?? golden.tensor(`in.${name}`);
  const mask: Record<string, tf.Tensor> = golden.raw['in.attention_mask']
    ? { mask: tf.cast(tensor('attention_mask'), 'float32') }
    : {};
  return {
    text: { ids: tensor('input_ids'), ...mask },
    ...(golden.raw['in.pixel_values'] ? { image: { pixels: tf.transpose(tensor('pixel_values'), [0, 2, 3, 1]) } } : {}),
    ...(golden.raw['in.input_features'] ? { audio: { features: tf.squeeze(tensor('input_features'), [1]) } } : {}),
  };
}

/** Names of variables end with those of the file; the model's own scale has another. */
function variableOf(model: LoadedDualEncoder, name: string): tf.Variable {
  if (name === 'logit_scale' || name === 'logit_scale_a') return model.logitScale;
  const all = Object.entries(model.namedVariables());
  return all.find(([own]) => own === name || own.endsWith(`/${name}`) || own.endsWith(`.${name}`))![1];
}

describe('joint models of transformers', () => {
  it.each([
    ['clip', 'image'],
    ['clip_published_eos', 'image'],
    ['siglip', 'image'],
    ['clap', 'audio'],
  ] as const)('%s: embeddings, logits, loss and gradients', async (name, other) => {
    const golden = huggingFaceCase(name);
    const model = await load(golden.folder);
    const close = (actual: tf.Tensor, output: string) =>
      expect(actual, output).toBeAllclose(golden.tensor(output), golden.tolerance(output));
    const batch = batchOf(golden);
    const { text, [other]: item } = model.embedBatch(batch) as Record<string, tf.Tensor2D>;
    close(text!, 'out.text_embeds');
    close(item!, `out.${other}_embeds`);
    const bias = model.lossVariables?.['logit_bias'];
    const logits = tf.mul(tf.matMul(item!, text!, false, true), model.scale());
    close(bias ? tf.add(logits, bias) : logits, `out.logits_per_${other}`);
    const loss = () => model.loss(batch).loss as tf.Scalar;
    close(loss(), 'out.loss');
    const { grads } = tf.variableGrads(loss, model.trainableVariables());
    const names = Object.keys(golden.raw).filter((key) => key.startsWith('grad.'));
    let compared = 0;
    for (const key of names) {
      if (/pixel_values|input_features|input_embeddings/.test(key)) continue;
      const gradient = grads[variableOf(model, key.slice(5)).name]!;
      close(tf.reshape(gradient, golden.tensor(key).shape), key);
      compared++;
    }
    expect(compared).toBeGreaterThanOrEqual(2);
    const input = other === 'image' ? 'pixel_values' : 'input_features';
    const gradient = tf.grad((x) => model.loss(batchOf(golden, { scaled: { [input]: x } })).loss)(
      golden.tensor(`in.${input}`),
    );
    close(gradient, `grad.${input}`);
    model.dispose();
  });

  it.each(['clip', 'siglip', 'clap'])(
    '%s: trained, saved in the layout of transformers, loaded again',
    async (name) => {
      const golden = huggingFaceCase(name);
      const model = await load(golden.folder);
      const batch = batchOf(golden);
      const before = await model.loss(batch).loss.data();
      const step = trainStep(model as never, { optimizer: sgd({ learningRate: 0.01 }) });
      tf.dispose(step.run(batch as never));
      const after = await model.loss(batch).loss.data();
      expect(after[0]).toBeLessThan(before[0]!);
      const path = join(folder, name);
      await saveFolder(path, model);
      const saved = await openFolder(path);
      const original = await openFolder(golden.folder);
      const entriesOf = async (files: ModelFiles) => {
        const { openWeights } = await import('@crossmodal/core');
        const { entries } = await openWeights(files, { where: 'test' });
        return Object.fromEntries([...entries].map(([key, { shape }]) => [key, [...shape]]));
      };
      const [ours, theirs] = [await entriesOf(saved), await entriesOf(original)];
      for (const [key, shape] of Object.entries(theirs)) {
        if (!/(position|token_type)_ids$/.test(key)) expect(ours[key], key).toEqual(shape);
      }
      expect(Object.keys(ours).filter((key) => !(key in theirs))).toEqual([]);
      expect([...saved.keys()]).toEqual(expect.arrayContaining(['config.json', 'model.safetensors', 'README.md']));
      for (const file of ['tokenizer.json', 'preprocessor_config.json'])
        expect(saved.has(file)).toBe(original.has(file));
      const again = await load(path);
      expect(await again.loss(batch).loss.data()).toEqual(after);
      for (const one of [model, again]) one.dispose();
    },
  );

  it('prepares what its towers take, and names a modality that it has not', async () => {
    const golden = huggingFaceCase('clip');
    const model = await load(golden.folder);
    const { ids } = await model.prepare('text', golden.texts);
    expect(ids!).toBeAllclose(golden.tensor('in.input_ids'), { atol: 0 });
    await expect(model.prepare('audio', ['a.wav'])).rejects.toThrow(/there is no modality 'audio', only image, text/);
    model.dispose();
  });

  it('leaks nothing, also when a tower does not load', async () => {
    const golden = huggingFaceCase('clip');
    const files = await openFolder(golden.folder);
    (await load(golden.folder)).dispose();
    const before = tf.memory().numTensors;
    (await load(golden.folder)).dispose();
    const broken = { image: encoders['image']!, text: () => Promise.reject(new Error('no text')) };
    await expect(loadDualEncoder(files, { encoders: broken })).rejects.toThrow('no text');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('takes a pair loss of your own in place of that of the family', async () => {
    const golden = huggingFaceCase('clip');
    const files = await openFolder(golden.folder);
    const model = await loadDualEncoder(files, { encoders, pairLoss: () => tf.scalar(7) });
    expect(model.loss(batchOf(golden)).loss.dataSync()[0]).toBe(7);
    expect(model.family).toBe('clip');
    model.dispose();
  });

  it('names another family, and the loader that is missing', async () => {
    const bert = await openFolder(huggingFaceCase('bert_one').folder);
    await expect(loadDualEncoder(bert, { encoders })).rejects.toThrow(
      /model_type must be one of clip, siglip, clap, got "bert"; load a single tower/,
    );
    const clip = await openFolder(huggingFaceCase('clip').folder);
    await expect(loadDualEncoder(clip, { encoders: { text: encoders['text']! } })).rejects.toThrow(
      /clip needs encoders\.image; pass encoders: \{ image: loadImageEncoder, text: loadTextEncoder \}/,
    );
    const cut = new Map([...clip, ['config.json', memoryFile('{"model_type": "cl', { label: 'config.json' })]]);
    await expect(loadDualEncoder(cut, { encoders })).rejects.toThrow(/config\.json: it is not JSON/);
  });
});
