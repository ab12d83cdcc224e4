import { assertKnownOptions, type EncoderLoaders, loadSavedModel, type ModelFiles, readConfig } from '@crossmodal/core';
import {
  isOfTransformers,
  type PretrainedParts,
  pretrainedDualEncoder,
} from '../hugging-face/pretrained-dual-encoder.js';
import { type DualEncoder, type DualEncoderOptions, dualEncoder } from './dual-encoder.js';
import type { PairLoss } from './pair-loss.js';

export interface LoadDualEncoderOptions {
  /** What loads the encoders inside, by their modality: `{ image: loadImageEncoder, text: loadTextEncoder }`; `audio` for CLAP. */
  encoders: EncoderLoaders;
  /** A pair loss of your own, which no file holds; needed by `loss` only. In place of their own for CLIP, SigLIP and CLAP. */
  pairLoss?: PairLoss;
}

/** A dual encoder of a folder; `family` and `lossVariables` are there when it is one of transformers. */
export type LoadedDualEncoder<Modality extends string = string> = DualEncoder<Modality> & Partial<PretrainedParts>;

/**
 * Loads a dual encoder from the files of its folder: one that was saved with its encoders inside, or CLIP, SigLIP or CLAP as
 * transformers saves them, with towers, projections, scale and bias. Trained further by `trainStep`, `saveFolder` writes it back in the
 * form that it was loaded from, so that transformers reads its own.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version, type or family
 * @see Radford et al. (2021), CLIP; Zhai et al. (2023), SigLIP; Wu et al. (2023), CLAP
 * @example
 * const files = await openFolder('models/clip');
 * const model = await loadDualEncoder(files, { encoders: { image: loadImageEncoder, text: loadTextEncoder } });
 */
export async function loadDualEncoder<Modality extends string = string>(
  files: ModelFiles,
  options: LoadDualEncoderOptions,
): Promise<LoadedDualEncoder<Modality>> {
  assertKnownOptions('loadDualEncoder', options, {
    encoders: true,
    pairLoss: true,
  } satisfies Record<keyof LoadDualEncoderOptions, true>);
  const { encoders, ...given } = options;
  const config = await readConfig(files, 'config.json', { where: 'loadDualEncoder' });
  if (isOfTransformers(config)) {
    return (await pretrainedDualEncoder(
      files,
      config,
      options,
    )) as LoadedDualEncoder<string> as LoadedDualEncoder<Modality>;
  }
  return loadSavedModel(
    files,
    { dualEncoder: (saved) => dualEncoder(saved as unknown as DualEncoderOptions<Modality>) },
    { where: 'loadDualEncoder', encoders, given },
  );
}
