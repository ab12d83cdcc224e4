import {
  assertKnownOptions,
  CrossmodalError,
  type Encoder,
  type ModelCard,
  type ModelFiles,
  type NamedVariables,
  namedVariables,
  prefixed,
  savedModelFiles,
} from '@crossmodal/core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Features } from './feature-extractor.js';

/** Where the files of the encoder are. */
export const encoderFolder = 'encoder';

/** What a classifier was made of. */
interface ClassifierParts {
  encoder: Features;
  classes: number;
  seed: number;
  hidden?: readonly number[];
}

/** `config.json`, the weights, and in `encoder/` the files of the encoder; a layers model is kept as its topology. */
export async function classifierFiles(
  { encoder, classes, seed, hidden = [] }: ClassifierParts,
  predictor: NamedVariables,
  { card, ...others }: { card?: ModelCard } = {},
): Promise<ModelFiles> {
  assertKnownOptions('classifier.files', others, ['card']);
  const common = { classes, seed, hidden: [...hidden] };
  if (encoder instanceof tfl.LayersModel) {
    const topology = encoder.toJSON(undefined, false);
    const variables = { ...prefixed('features', namedVariables(encoder)), ...predictor };
    return savedModelFiles({ type: 'classifier', options: { ...common, topology } }, variables, card ? { card } : {});
  }
  const inner = 'files' in encoder ? (encoder as Encoder).files : undefined;
  if (!inner) {
    throw new CrossmodalError('classifier.files: the encoder must have files, got one that cannot be saved', {
      remedy: "make it with an encoder package, or give defineEncoder's option `saved`",
    });
  }
  const inside = async (): Promise<ModelFiles> =>
    new Map([...(await inner.call(encoder))].map(([name, file]) => [`${encoderFolder}/${name}`, file]));
  return savedModelFiles({ type: 'classifier', options: common, others: inside }, predictor, card ? { card } : {});
}
