import { assertKnownOptions, type EncoderLoaders, loadSavedModel, type ModelFiles } from '@crossmodal/core';
import { type DualEncoder, type DualEncoderOptions, dualEncoder } from './dual-encoder.js';
import type { PairLoss } from './pair-loss.js';

export interface LoadDualEncoderOptions {
  /** What loads the encoders inside, by their modality: `{ image: loadImageEncoder, text: loadTextEncoder }`. */
  encoders: EncoderLoaders;
  /** A pair loss of your own, which no file holds; needed by `loss` only. */
  pairLoss?: PairLoss;
}

/**
 * Loads a dual encoder that was saved with its encoders inside.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const files = await openFolder('models/clip');
 * const model = await loadDualEncoder(files, { encoders: { image: loadImageEncoder, text: loadTextEncoder } });
 */
export function loadDualEncoder<Modality extends string = string>(
  files: ModelFiles,
  options: LoadDualEncoderOptions,
): Promise<DualEncoder<Modality>> {
  assertKnownOptions('loadDualEncoder', options, {
    encoders: true,
    pairLoss: true,
  } satisfies Record<keyof LoadDualEncoderOptions, true>);
  const { encoders, ...given } = options;
  return loadSavedModel(
    files,
    { dualEncoder: (saved) => dualEncoder(saved as unknown as DualEncoderOptions<Modality>) },
    { where: 'loadDualEncoder', encoders, given },
  );
}
