import {
  assertKnownOptions,
  type EncoderLoaders,
  filesOf,
  loadSavedModel,
  type ModelFiles,
  readConfig,
} from '@crossmodal/core';
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
 * Loads a dual encoder from its folder: one that was saved with its encoders inside, or CLIP, SigLIP or CLAP as
 * transformers saves them, with towers, projections, scale and bias. Trained further by `trainStep`, `saveFolder` writes it back in the
 * form that it was loaded from, so that transformers reads its own.
 *
 * @param source path of the folder, or its files: of `openFolder`, or fetched, as in a browser
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version, type or family
 * @see Radford et al. (2021), CLIP; Zhai et al. (2023), SigLIP; Wu et al. (2023), CLAP
 * @example
 * const encoders = { image: loadImageEncoder, text: loadTextEncoder };
 * const model = await loadDualEncoder('models/clip', { encoders });
 */
export async function loadDualEncoder<Modality extends string = string>(
  source: string | ModelFiles,
  options: LoadDualEncoderOptions,
): Promise<LoadedDualEncoder<Modality>> {
  assertKnownOptions('loadDualEncoder', options, {
    encoders: true,
    pairLoss: true,
  } satisfies Record<keyof LoadDualEncoderOptions, true>);
  const { encoders, ...given } = options;
  const files = await filesOf(source);
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
