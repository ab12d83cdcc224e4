import { fileURLToPath } from 'node:url';
import { type Encoder, type ModelFiles, memoryFile, readConfig } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { characterTokenizer } from '@crossmodal/encoders-text';
import { huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { encoderDecoder, loadEncoderDecoder, loadLanguageModel, transformerDecoder } from '../../src/index.js';
import { useTestBackend } from '../backend.js';
import { frameEncoder } from '../encoders.js';

useTestBackend();

const folders = {
  gpt2: huggingFaceCase('gpt2').folder,
  whisper: huggingFaceCase('whisper').folder,
  'vision-encoder-decoder': fileURLToPath(new URL('../golden/vision_encoder_decoder/', import.meta.url)),
};

/** The files of a folder with another configuration. */
async function changed(
  family: keyof typeof folders,
  change: (config: Record<string, unknown>) => Record<string, unknown>,
): Promise<ModelFiles> {
  const files = await openFolder(folders[family]);
  const config = await readConfig(files, 'config.json', { where: 'test' });
  const label = 'config.json';
  return new Map(files).set(label, memoryFile(JSON.stringify(change({ ...config })), { label }));
}

const tokenizer = { encode: () => [], decode: () => '' };
/** Stands for the folder's encoder where that is not run. */
const encoder = (dimension: number): Encoder =>
  ({ modality: 'test', dimension, encodeSequence: () => ({}) }) as unknown as Encoder;

describe('folders whose decoder computes otherwise are refused', () => {
  it.each([
    ['tie_word_embeddings', false],
    ['scale_attn_weights', false],
    ['scale_attn_by_inverse_layer_idx', true],
  ])('GPT-2: %s %s', async (key, value) => {
    const files = await changed('gpt2', (config) => ({ ...config, [key]: value }));
    await expect(loadLanguageModel(files)).rejects.toThrow(`config.json: ${key} must be ${!value}, ${value} is not`);
  });

  it('Whisper: a table of its own for the logits', async () => {
    const files = await changed('whisper', (config) => ({ ...config, tie_word_embeddings: false }));
    await expect(loadEncoderDecoder(files, { encoder: encoder(32), tokenizer })).rejects.toThrow(
      'config.json: tie_word_embeddings must be true',
    );
  });

  it('vision-encoder-decoder: by the part of the decoder, not by the flag of the whole', async () => {
    const files = await changed('vision-encoder-decoder', (config) => ({
      ...config,
      decoder: { ...(config['decoder'] as object), tie_word_embeddings: false },
    }));
    await expect(loadEncoderDecoder(files, { encoder: encoder(24), tokenizer })).rejects.toThrow(
      'config.json: decoder: tie_word_embeddings must be true',
    );
  });
});

describe('options of loadEncoderDecoder', () => {
  const whisper = (options: object) =>
    openFolder(folders.whisper).then((files) =>
      loadEncoderDecoder(files, { encoder: encoder(32), tokenizer, ...options }),
    );

  it.each([
    [{ maximumLength: 1 }, 'maximumLength must be an integer of at least 2, got 1'],
    [{ maximumLength: 999 }, /maximumLength must be at most \d+ .*got 999/],
    [{ language: 'xx' }, "'xx'"],
  ])('that do not fit Whisper are refused, and nothing is left behind: %o', async (options, message) => {
    const before = tf.memory().numTensors;
    await expect(whisper(options)).rejects.toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('that have no meaning for vision-encoder-decoder are refused', async () => {
    const files = await openFolder(folders['vision-encoder-decoder']);
    await expect(loadEncoderDecoder(files, { encoder: encoder(24), tokenizer, language: 'en' })).rejects.toThrow(
      'language must be left out for vision-encoder-decoder, got "en"',
    );
  });

  it.each([
    ['maximumLength', 4],
    ['seed', 2],
    ['allowExtra', true],
    ['task', 'translate'],
  ])('that models of encoderDecoder bring along are refused: %s', async (name, value) => {
    const model = encoderDecoder({
      encoder: frameEncoder({ length: 4, inputs: 5, dimension: 16 }),
      decoder: transformerDecoder({ dimension: 8, layers: 1, heads: 2 }),
      tokenizer: characterTokenizer({ corpus: ['abc'] }),
      ...{ maximumLength: 6, seed: 1 },
    });
    const files = await model.files();
    const options = { encoder: model.encoder, tokenizer: model.tokenizer, [name]: value };
    await expect(loadEncoderDecoder(files, options)).rejects.toThrow(
      `${name} must be left out for a model of encoderDecoder, got ${JSON.stringify(value)}`,
    );
    model.dispose();
  });
});
