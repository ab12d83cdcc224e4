import { fileURLToPath } from 'node:url';
import { type Encoder, type ModelFiles, memoryFile, readConfig } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { huggingFaceCase } from '@crossmodal/testkit';
import { describe, expect, it } from 'vitest';
import { loadEncoderDecoder, loadLanguageModel } from '../../src/index.js';
import { useTestBackend } from '../backend.js';

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
