import { assertKnownOptions, type EncoderLoaders, loadSavedModel, type ModelFiles } from '@crossmodal/core';
import { networkOfLayers } from '@crossmodal/core/layers';
import {
  type MultimodalAutoencoder,
  type MultimodalAutoencoderOptions,
  multimodalAutoencoder,
} from './multimodal-autoencoder.js';
import { type Reconstruction, squaredError, tokenCrossEntropy } from './reconstruction.js';

export interface LoadMultimodalAutoencoderOptions {
  /** What loads the encoders inside, by their modality: `{ image: loadImageEncoder, text: loadTextEncoder }`. */
  encoders: EncoderLoaders;
  /** Reconstructions of your own, which no file holds. */
  modalities?: Readonly<Record<string, { reconstruction: Reconstruction }>>;
}

/**
 * Loads a multimodal autoencoder that was saved with its encoders and decoders inside.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const files = await openFolder('models/autoencoder');
 * const model = await loadMultimodalAutoencoder(files, { encoders: { image: loadImageEncoder, text: loadTextEncoder } });
 */
export function loadMultimodalAutoencoder<Modality extends string = string>(
  files: ModelFiles,
  options: LoadMultimodalAutoencoderOptions,
): Promise<MultimodalAutoencoder<Modality>> {
  assertKnownOptions('loadMultimodalAutoencoder', options, {
    encoders: true,
    modalities: true,
  } satisfies Record<keyof LoadMultimodalAutoencoderOptions, true>);
  const { encoders, ...given } = options;
  return loadSavedModel(
    files,
    {
      multimodalAutoencoder: (saved) =>
        multimodalAutoencoder(saved as unknown as MultimodalAutoencoderOptions<Modality>),
    },
    {
      where: 'loadMultimodalAutoencoder',
      encoders,
      networks: networkOfLayers,
      values: { squaredError, tokenCrossEntropy },
      given,
    },
  );
}
