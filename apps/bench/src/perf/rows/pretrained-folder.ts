import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '@crossmodal/core';
import type { StoredTensor } from '@crossmodal/core/safetensors';
import { writeSafetensors } from '@crossmodal/core/safetensors/files';

/** A folder of Hugging Face's layout with random weights. */
export interface PretrainedFolder {
  /** Its name in the cache. */
  readonly name: string;
  /** config.json; what it leaves out is as transformers has it. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Shapes as torch has them, by name. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

const [width, hidden, layers] = [768, 3072, 12];

const linear = (name: string, inputs: number, outputs: number) => ({
  [`${name}.weight`]: [outputs, inputs],
  [`${name}.bias`]: [outputs],
});
const norm = (name: string) => ({ [`${name}.weight`]: [width], [`${name}.bias`]: [width] });
const repeated = (shapes: (place: string) => Record<string, number[]>): Record<string, number[]> =>
  Object.assign({}, ...Array.from({ length: layers }, (_, i) => shapes(`encoder.layer.${i}`)));
const layer = (place: string, attention: string, norms: readonly [string, string]) => ({
  ...Object.assign(
    {},
    ...['query', 'key', 'value'].map((part) => linear(`${place}.attention.${attention}.${part}`, width, width)),
  ),
  ...linear(`${place}.attention.output.dense`, width, width),
  ...linear(`${place}.intermediate.dense`, width, hidden),
  ...linear(`${place}.output.dense`, hidden, width),
  ...norm(`${place}.${norms[0]}`),
  ...norm(`${place}.${norms[1]}`),
});

/** The size of bert-base-uncased. Without dropout, which would be drawn differently here and there. */
export const bertBase: PretrainedFolder = {
  name: 'bert-base',
  config: {
    ...{ model_type: 'bert', architectures: ['BertModel'], vocab_size: 30_522, hidden_size: width },
    ...{ num_hidden_layers: layers, num_attention_heads: 12, intermediate_size: hidden, max_position_embeddings: 512 },
    ...{ hidden_dropout_prob: 0, attention_probs_dropout_prob: 0 },
  },
  shapes: {
    'embeddings.word_embeddings.weight': [30_522, width],
    'embeddings.position_embeddings.weight': [512, width],
    'embeddings.token_type_embeddings.weight': [2, width],
    ...norm('embeddings.LayerNorm'),
    ...repeated((place) => layer(place, 'self', ['attention.output.LayerNorm', 'output.LayerNorm'])),
    ...linear('pooler.dense', width, width),
  },
};

/** The size of vit-base-patch16-224. */
export const vitBase: PretrainedFolder = {
  name: 'vit-base',
  config: {
    ...{ model_type: 'vit', architectures: ['ViTModel'], hidden_size: width, num_hidden_layers: layers },
    ...{ num_attention_heads: 12, intermediate_size: hidden, image_size: 224, patch_size: 16 },
  },
  shapes: {
    'embeddings.cls_token': [1, 1, width],
    'embeddings.position_embeddings': [1, 197, width],
    'embeddings.patch_embeddings.projection.weight': [width, 3, 16, 16],
    'embeddings.patch_embeddings.projection.bias': [width],
    ...repeated((place) => layer(place, 'attention', ['layernorm_before', 'layernorm_after'])),
    ...norm('layernorm'),
    ...linear('pooler.dense', width, width),
  },
};

/** Writes the folder into another, once: about 0.4 GB. Scales are 1, offsets 0, the others of deviation 0.02 as BERT begins. */
export async function writePretrainedFolder(
  { name, config, shapes }: PretrainedFolder,
  { within }: { within: string },
): Promise<string> {
  const folder = join(within, name);
  const last = join(folder, 'config.json');
  if (existsSync(last)) return folder;
  await mkdir(folder, { recursive: true });
  const random = new Random(0);
  const tensors = new Map<string, StoredTensor>();
  for (const [key, shape] of Object.entries(shapes)) {
    const values = new Float32Array(shape.reduce((size, side) => size * side, 1));
    if (shape.length > 1) {
      random.fork(key).fillNormal(values);
      for (let i = 0; i < values.length; i++) values[i]! *= 0.02;
    } else if (key.endsWith('weight')) values.fill(1);
    tensors.set(key, { dtype: 'F32', shape: [...shape], bytes: new Uint8Array(values.buffer) });
  }
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { metadata: { format: 'pt' } });
  await writeFile(last, JSON.stringify(config, null, 2));
  return folder;
}
