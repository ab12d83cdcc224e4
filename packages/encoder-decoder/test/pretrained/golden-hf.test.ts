import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { memoryFile, readConfig } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { loadAudioEncoder } from '@crossmodal/encoders-audio';
import { loadImageEncoder } from '@crossmodal/encoders-vision';
import { allclose, golden as goldenFile, huggingFaceCase, moveVariables } from '@crossmodal/testkit';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { beam, encoderFiles, greedy, loadEncoderDecoder, loadLanguageModel } from '../../src/index.js';
import { useTestBackend } from '../backend.js';

useTestBackend('cpu');

interface SearchCase {
  options: {
    num_beams: number;
    length_penalty?: number;
    early_stopping?: boolean;
    no_repeat_ngram_size?: number;
    rows: number;
  };
  ids: number[][];
  scores: number[] | null;
}

const searches = JSON.parse(readFileSync(new URL('../golden/searches.json', import.meta.url), 'utf8')) as {
  gpt2: { prompt: number[][]; end: number; maximumLength: number; searches: Record<string, SearchCase> };
  visionEncoderDecoder: { greedy: number[][]; beam: number[][] };
};

const rowsOf = (x: tf.Tensor): number[][] => x.arraySync() as number[][];

describe('GPT-2', () => {
  const golden = huggingFaceCase('gpt2');
  const load = async () => loadLanguageModel(await openFolder(golden.folder));

  it('has the logits, the loss and the gradients of transformers', async () => {
    const model = await load();
    tf.tidy(() => {
      const ids = golden.tensor('in.input_ids') as Tensor2D;
      const mask = tf.cast(golden.tensor('in.attention_mask'), 'float32') as Tensor2D;
      const real = (x: tf.Tensor) => tf.mul(x, tf.expandDims(mask, 2));
      allclose(real(model.logits(ids)), real(golden.tensor('out.logits')), golden.tolerance('out.logits'));
      const labels = golden.tensor('in.labels') as Tensor2D;
      const counted = tf.cast(tf.greaterEqual(labels, 0), 'float32') as Tensor2D;
      const named = model.namedVariables();
      const { value, grads } = tf.variableGrads(() => model.loss({ ids, mask: counted }).loss, Object.values(named));
      allclose(value, golden.tensor('out.loss'), golden.tolerance('out.loss'));
      for (const name of Object.keys(golden.raw).filter((key) => key.startsWith('grad.transformer'))) {
        const variable = named[name.slice('grad.'.length)]!;
        allclose(grads[variable.name]!, golden.tensor(name), golden.tolerance(name));
      }
    });
    model.dispose();
  });

  it('goes on as transformers does: greedy, and each beam with its score', async () => {
    const model = await load();
    const prompts = rowsOf(golden.tensor('in.prompt'));
    const length = prompts[0]!.length;
    const generated = await model.generate(prompts, { strategy: greedy(), maximumLength: 12 });
    expect(generated.map(([best]) => best!.ids)).toEqual(
      rowsOf(golden.tensor('out.greedy_ids')).map((row) => row.slice(length)),
    );
    const beams = await model.generate(prompts, { strategy: beam({ width: 3 }), maximumLength: 12 });
    expect(beams.flat().map(({ ids }) => ids)).toEqual(
      rowsOf(golden.tensor('out.beam_ids')).map((row) => row.slice(length)),
    );
    allclose(tf.tensor1d(beams.flat().map(({ score }) => score)), golden.tensor('out.beam_scores'), { rtol: 1e-4 });
    model.dispose();
  });
});

describe('GPT-2, where a token that ends is often reached', () => {
  const { prompt, end, maximumLength } = searches.gpt2;
  const load = async () => {
    const files = new Map(await openFolder(huggingFaceCase('gpt2').folder));
    const label = 'generation_config.json';
    return loadLanguageModel(files.set(label, memoryFile(JSON.stringify({ eos_token_id: end }), { label })));
  };

  it.each(Object.keys(searches.gpt2.searches))('has the sequences and scores of transformers: %s', async (name) => {
    const { options, ids, scores } = searches.gpt2.searches[name]!;
    const noRepeatNGram = options.no_repeat_ngram_size ?? 0;
    const strategy =
      options.num_beams === 1
        ? greedy({ noRepeatNGram })
        : beam({
            width: options.num_beams,
            lengthPenalty: options.length_penalty ?? 1,
            earlyStopping: options.early_stopping ?? false,
            noRepeatNGram,
          });
    const model = await load();
    const results = await model.generate(prompt.slice(0, options.rows), { strategy, maximumLength });
    expect(results.flat().map((one) => one.ids)).toEqual(ids);
    if (scores) allclose(tf.tensor1d(results.flat().map(({ score }) => score)), tf.tensor1d(scores), { rtol: 1e-4 });
    model.dispose();
  });

  it('is saved in the layout that it was loaded from', async () => {
    const model = await load();
    moveVariables(model.namedVariables());
    const again = await loadLanguageModel(await model.files());
    const ids = tf.tensor2d(prompt, undefined, 'int32');
    const logits = (one: typeof model) => tf.tidy(() => one.logits(ids).arraySync());
    expect(logits(again)).toEqual(logits(model));
    ids.dispose();
    model.dispose();
    again.dispose();
  });
});

describe('vision-encoder-decoder', () => {
  const folder = new URL('../golden/vision_encoder_decoder/', import.meta.url);
  const tokenizer = { encode: () => [], decode: (ids: ArrayLike<number>) => Array.from(ids).join(' ') };

  it('has the logits, the loss, the greedy and the beam text of transformers, and is saved as it was', async () => {
    const io = goldenFile(new URL('io.safetensors', folder));
    const files = await openFolder(fileURLToPath(folder));
    const encoder = await loadImageEncoder(await encoderFiles(files));
    const model = await loadEncoderDecoder(files, { encoder, tokenizer });
    const pixels = tf.tidy(() => tf.transpose(io.tensor('in.pixel_values'), [0, 2, 3, 1])) as tf.Tensor4D;
    const batch = tf.tidy(() => {
      const labels = io.tensor('in.labels') as Tensor2D;
      const mask = tf.cast(tf.greaterEqual(labels, 0), 'float32') as Tensor2D;
      return { inputs: { pixels: tf.clone(pixels) }, targets: { ids: tf.maximum(labels, 0) as Tensor2D, mask } };
    });
    tf.tidy(() => {
      allclose(model.logits(batch), io.tensor('out.logits'), { rtol: 1e-4, atol: 1e-4 });
      allclose(model.loss(batch).loss, io.tensor('out.loss'), { rtol: 1e-4 });
    });
    const generated = await model.generate({ pixels }, { strategy: greedy(), maximumLength: 12 });
    expect(generated.flat().map(({ ids }) => ids)).toEqual(searches.visionEncoderDecoder.greedy);
    const beams = await model.generate({ pixels }, { strategy: beam({ width: 3 }), maximumLength: 12 });
    expect(beams.flat().map(({ ids }) => ids)).toEqual(searches.visionEncoderDecoder.beam);
    moveVariables(model.namedVariables());
    const saved = await model.files();
    const again = await loadEncoderDecoder(saved, {
      encoder: await loadImageEncoder(await encoderFiles(saved)),
      tokenizer,
    });
    const logits = (one: typeof model) => tf.tidy(() => one.logits(batch).arraySync());
    expect(logits(again)).toEqual(logits(model));
    expect((await readConfig(saved, 'config.json', { where: 'test' }))['model_type']).toBe('vision-encoder-decoder');
    tf.dispose([pixels, batch.inputs, batch.targets]);
    model.dispose();
    again.dispose();
  });
});

describe('Whisper', () => {
  const golden = huggingFaceCase('whisper');
  const tokenizer = { encode: () => [], decode: (ids: ArrayLike<number>) => Array.from(ids).join(' ') };

  it.each([
    ['as it is', {}],
    ['with scale_embedding, which transformers does not apply', { scale_embedding: true }],
  ])('has the logits, the loss and the greedy text of transformers, %s', async (_, change) => {
    const files = new Map(await openFolder(golden.folder));
    const config = { ...(await readConfig(files, 'config.json', { where: 'test' })), ...change };
    files.set('config.json', memoryFile(JSON.stringify(config), { label: 'config.json' }));
    const encoder = await loadAudioEncoder(files);
    const model = await loadEncoderDecoder(files, { encoder, tokenizer });
    const features = tf.tidy(() => tf.transpose(golden.tensor('in.input_features'), [0, 2, 1])) as Tensor3D;
    tf.tidy(() => {
      const labels = golden.tensor('in.labels') as Tensor2D;
      const mask = tf.cast(tf.greaterEqual(labels, 0), 'float32') as Tensor2D;
      const ids = tf.maximum(labels, 0) as Tensor2D;
      const batch = { inputs: { features }, targets: { ids, mask } };
      allclose(model.logits(batch), golden.tensor('out.logits'), golden.tolerance('out.logits'));
      allclose(model.loss(batch).loss, golden.tensor('out.loss'), golden.tolerance('out.loss'));
    });
    const wanted = rowsOf(golden.tensor('out.greedy_ids'));
    const generated = await model.generate({ features }, { maximumLength: 10 });
    expect(generated.map(([best]) => best!.ids)).toEqual(
      wanted.map((row) => row.slice(1).slice(0, row.indexOf(2) < 0 ? undefined : row.indexOf(2) - 1)),
    );
    features.dispose();
    model.dispose();
  });
});
