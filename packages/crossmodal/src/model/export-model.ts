import { join } from 'node:path';
import type { DualEncoder } from '@crossmodal/alignment';
import { CrossmodalError, type Inputs } from '@crossmodal/core';
import { saveOnnx } from '@crossmodal/core/models';
import { writeAtomically } from '@crossmodal/core/safetensors/files';
import { encodeWav } from '@crossmodal/encoders-audio';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import type { Modality } from './load-model.js';

/** What stands in `preprocessing.json` about one modality: what the ONNX file takes, and how it is made of a file or a text. */
export interface ExportedInput {
  file: string;
  /** Names, types and shapes of the inputs; the first dimension is open. */
  inputs: Record<string, { dtype: string; shape: readonly (number | null)[] }>;
  /** The encoder as its own config.json describes it. */
  encoder: Record<string, unknown>;
}

/** Files of an encoder's folder that say how its input is made. */
const preprocessing =
  /(^|\/)(config|tokenizer|tokenizer_config|preprocessor_config|special_tokens_map|vocab)\.json$|merges\.txt$|vocab\.txt$/;

/**
 * Writes an ONNX file per modality that ends in unit vectors of the shared space, and beside it all that is needed to make its input.
 *
 * @throws CrossmodalError when an encoder cannot say how its input is made; what `saveOnnx` throws
 */
export async function exportModel(
  folder: string,
  model: DualEncoder<Modality>,
): Promise<Record<string, ExportedInput>> {
  const { encoders, modalities, dimension } = model;
  const described: Record<string, ExportedInput> = {};
  for (const modality of modalities) {
    const encoder = encoders[modality];
    if (!encoder.files) throw new CrossmodalError(`export: the ${modality} encoder cannot be saved`);
    const inputs: Inputs = await encoder.prepare([await exampleOf(modality)]);
    try {
      await saveOnnx(
        join(folder, `${modality}.onnx`),
        (given) => ({ embedding: model.embed(modality, given) }),
        inputs,
      );
      const shapes = Object.entries(inputs).map(
        ([name, { dtype, shape }]) => [name, { dtype, shape: [null, ...shape.slice(1)] }] as const,
      );
      let config: Record<string, unknown> = {};
      for (const [name, file] of await encoder.files()) {
        if (!preprocessing.test(name)) continue;
        const bytes = await file.read();
        await writeAtomically(join(folder, modality, name), bytes, { where: 'export' });
        if (name === 'config.json') config = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
      }
      described[modality] = {
        file: `${modality}.onnx`,
        inputs: Object.fromEntries(shapes),
        encoder: withDefaults(modality, config),
      };
    } finally {
      tf.dispose(inputs);
    }
  }
  const contents = { format: 'crossmodal export', version: 1, dimension, output: 'embedding', modalities: described };
  const text = `${JSON.stringify(contents, undefined, 2)}\n`;
  await writeAtomically(join(folder, 'preprocessing.json'), text, { where: 'export' });
  return described;
}

/** What our own encoders take for granted is written down: a reader in another language does not know it. */
function withDefaults(modality: Modality, config: Record<string, unknown>): Record<string, unknown> {
  if (config['format'] !== 'crossmodal') return config;
  const defaults =
    modality === 'image'
      ? {
          layout: 'NHWC',
          colours: 'RGB',
          fit: 'cover',
          kernel: 'bicubic',
          background: 'white',
          mean: 0.5,
          standardDeviation: 0.5,
          valuesBefore: [0, 1],
        }
      : modality === 'audio'
        ? { channels: 'mean', tooLong: 'middle', tooShort: 'zeros' }
        : { padding: 'right' };
  return { ...config, options: { ...defaults, ...(config['options'] as object) } };
}

async function exampleOf(modality: Modality): Promise<unknown> {
  if (modality === 'text') return 'an example';
  if (modality === 'audio') return encodeWav({ samples: new Float32Array(16_000), sampleRate: 16_000 });
  return new Uint8Array(
    await sharp({ create: { width: 32, height: 32, channels: 3, background: '#888' } })
      .png()
      .toBuffer(),
  );
}
