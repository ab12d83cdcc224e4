import { assertKnownOptions, type EncoderLoaders, loadSavedModel, type ModelFiles } from '@crossmodal/core';
import { networkOfLayers } from '@crossmodal/core/layers';
import { type ConditionalGan, type ConditionalGanOptions, conditionalGan } from './conditional-gan.js';
import { type EmbeddingGan, type EmbeddingGanOptions, embeddingGan } from './embedding-gan.js';
import { type Gan, type GanOptions, gan } from './gan.js';

export interface LoadConditionalGanOptions {
  /** What loads the encoder inside, if there are any, by its modality: `{ image: loadImageEncoder, text: loadTextEncoder }`. */
  encoders?: EncoderLoaders;
}

/**
 * Loads a conditional GAN that was saved: generator, discriminator, and the encoder that was trained along, if any.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const gan = await loadConditionalGan(await openFolder('models/drawings'), { encoders: { text: loadTextEncoder } });
 */
export function loadConditionalGan(
  files: ModelFiles,
  options: LoadConditionalGanOptions = {},
): Promise<ConditionalGan> {
  assertKnownOptions('loadConditionalGan', options, {
    encoders: true,
  } satisfies Record<keyof LoadConditionalGanOptions, true>);
  const { encoders, ...given } = options;
  return loadSavedModel(
    files,
    { conditionalGan: (saved) => conditionalGan(saved as unknown as ConditionalGanOptions) },
    { where: 'loadConditionalGan', encoders, networks: networkOfLayers, given },
  );
}

/**
 * Loads a GAN that was saved, whatever its networks.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const model = await loadGan(await openFolder('models/points'));
 */
export function loadGan(files: ModelFiles): Promise<Gan> {
  return loadSavedModel(
    files,
    { gan: (saved) => gan(saved as unknown as GanOptions) },
    { where: 'loadGan', networks: networkOfLayers },
  );
}

/**
 * Loads maps between two embedding spaces that were saved, with their discriminators.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const predicted = (await loadEmbeddingGan(await openFolder('models/text-to-image'))).forward(texts);
 */
export function loadEmbeddingGan(files: ModelFiles): Promise<EmbeddingGan> {
  return loadSavedModel(
    files,
    { embeddingGan: (saved) => embeddingGan(saved as unknown as EmbeddingGanOptions) },
    { where: 'loadEmbeddingGan' },
  );
}
