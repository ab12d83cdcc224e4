import {
  assertKnownOptions,
  CrossmodalError,
  disposeVariables,
  type Encoder,
  loadSavedModel,
  type ModelConstructor,
  type ModelFiles,
  type NamedVariables,
  subfolder,
} from '@crossmodal/core';
import { registerLayers } from '@crossmodal/core/layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { type ClassifierOptions, classifier, type EncoderClassifier } from './classifier.js';
import { encoderFolder } from './classifier-files.js';

export interface LoadClassifierOptions {
  /** Loads the encoder from its files, e.g. `loadImageEncoder`; not called when the classifier was made of a layers model. */
  loadEncoder?: (files: ModelFiles) => Promise<Encoder<never>>;
}

/** The options as they are read; nothing of it is believed. */
function optionsOf(where: string, stored: Readonly<Record<string, unknown>>): Omit<ClassifierOptions, 'encoder'> {
  const { classes, seed, hidden } = stored;
  if (!Number.isInteger(classes) || !Number.isInteger(seed) || !Array.isArray(hidden)) {
    throw new CrossmodalError(
      `${where}: config.json must hold classes, seed and hidden, got ${JSON.stringify({ classes, seed, hidden })}`,
    );
  }
  return { classes: classes as number, seed: seed as number, hidden: hidden as number[] };
}

/** The layers of a stored topology, with weights of their own. */
async function layersOf(where: string, topology: unknown): Promise<tfl.LayersModel> {
  registerLayers();
  try {
    return await tfl.models.modelFromJSON({ modelTopology: topology as never });
  } catch (cause) {
    if (CrossmodalError.isInstance(cause)) throw cause;
    throw new CrossmodalError(`${where}: the layers of config.json cannot be built: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/**
 * Loads a classifier from the files that `classifier(...).files()` gave. No code of the files is run.
 *
 * @param files of `openFolder` of `@crossmodal/core/models`, or of memory
 * @throws CrossmodalError when they are not of a classifier, do not fit together, or hold an encoder and `loadEncoder` is missing
 *
 * @example
 * const model = await loadClassifier(await openFolder('models/digits'));
 */
export async function loadClassifier(
  files: ModelFiles,
  options: LoadClassifierOptions = {},
): Promise<EncoderClassifier> {
  const where = 'loadClassifier';
  assertKnownOptions('loadClassifier', options, ['loadEncoder']);
  const { loadEncoder } = options;
  let model: EncoderClassifier | undefined;
  let variables: NamedVariables = {};
  const make: ModelConstructor<{ namedVariables(): NamedVariables }> = async ({ topology, ...stored }, _, within) => {
    const own = optionsOf(where, stored);
    const encoder =
      topology === undefined
        ? await encoderOf(where, subfolder(files, encoderFolder), loadEncoder)
        : await within(() => layersOf(where, topology));
    try {
      model = within(() => classifier({ encoder, ...own }));
    } catch (error) {
      encoder.dispose();
      throw error;
    }
    variables = model.namedVariables();
    // Where the encoder has files of its own, the weights beside config.json are those of the predictor alone.
    const inWeights = ([name]: [string, unknown]) => topology !== undefined || name.startsWith('label/');
    const weights = Object.fromEntries(Object.entries(variables).filter(inWeights));
    return { namedVariables: () => weights };
  };
  try {
    await loadSavedModel(files, { classifier: make }, { where });
  } catch (error) {
    disposeVariables(variables);
    throw error;
  }
  return model as EncoderClassifier;
}

function encoderOf(where: string, files: ModelFiles, loadEncoder: LoadClassifierOptions['loadEncoder']) {
  if (loadEncoder) return loadEncoder(files);
  throw new CrossmodalError(`${where}: loadEncoder must be given, the encoder is in files of its own`, {
    remedy: 'pass the function of the package that made the encoder, e.g. loadImageEncoder',
  });
}
