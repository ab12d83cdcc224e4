import {
  assertKnownOptions,
  CrossmodalError,
  disposeVariables,
  type Encoder,
  floatKeys,
  type Inputs,
  type ModelFiles,
  modelFiles,
  openWeights,
  readConfig,
  readText,
  type Savable,
} from '@crossmodal/core';
import type { StoredTensor } from '@crossmodal/core/safetensors';
import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DualEncoder, dualEncoder } from '../dual-encoder/dual-encoder.js';
import { jointFamilies, loadScales } from './scales.js';

/** What loads a tower: `loadImageEncoder`, `loadTextEncoder`, `loadAudioEncoder`. */
export type TowerLoader = (files: ModelFiles) => Promise<Encoder<never> & Savable>;

export interface LoadPretrainedDualEncoderOptions {
  /** What loads the towers by modality: `{ image: loadImageEncoder, text: loadTextEncoder }`; `audio` for CLAP. */
  encoders: Readonly<Record<string, TowerLoader>>;
}

/** A joint model that was loaded from a folder of transformers, and is saved as one. */
export type PretrainedDualEncoder = DualEncoder<'text' | 'image' | 'audio'> &
  Savable & {
    /** `model_type` of its config.json. */
    readonly family: string;
    /** Raw items to the inputs of a modality, as its tower's folder says: file names of pictures, texts, recordings. */
    prepare(
      modality: 'text' | 'image' | 'audio',
      items: readonly unknown[],
      options?: Parameters<Encoder['prepare']>[1],
    ): Promise<Inputs>;
    /** SigLIP's bias of the logits, CLAP's second scale: by their names in the file. */
    readonly lossVariables: Readonly<Record<string, Variable>>;
  };

/**
 * Loads CLIP, SigLIP or CLAP from a folder of transformers as a dual encoder: towers, projections, scale and bias as saved.
 * Trained further by `trainStep`, it is written back by `saveFolder` so that transformers reads it.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError when the family is another, a loader is missing, or weights are missing or of another shape
 * @see Radford et al. (2021), CLIP; Zhai et al. (2023), SigLIP; Wu et al. (2023), CLAP
 * @example
 * const files = await openFolder('models/clip-vit-base-patch32');
 * const model = await loadPretrainedDualEncoder(files, { encoders: { image: loadImageEncoder, text: loadTextEncoder } });
 */
export async function loadPretrainedDualEncoder(
  files: ModelFiles,
  options: LoadPretrainedDualEncoderOptions,
): Promise<PretrainedDualEncoder> {
  const where = 'loadPretrainedDualEncoder';
  assertKnownOptions('loadPretrainedDualEncoder', options, ['encoders']);
  const config = await readConfig(files, 'config.json', { where });
  const { label } = files.get('config.json')!;
  const type = config['model_type'];
  if (typeof type !== 'string' || !Object.hasOwn(jointFamilies, type)) {
    throw new CrossmodalError(
      `${where}: ${label}: model_type must be one of ${Object.keys(jointFamilies).join(', ')}, got ${JSON.stringify(type) ?? 'none'}`,
      { remedy: 'load a single tower with loadTextEncoder, loadImageEncoder or loadAudioEncoder' },
    );
  }
  const family = jointFamilies[type]!;
  const modalities = [family.other, 'text'] as const;
  const missing = modalities.find((modality) => typeof options.encoders?.[modality] !== 'function');
  if (missing) {
    throw new CrossmodalError(`${where}: ${label}: ${type} needs encoders.${missing}`, {
      remedy: `pass encoders: { ${modalities.map((name) => `${name}: load${name[0]!.toUpperCase()}${name.slice(1)}Encoder`).join(', ')} }`,
    });
  }
  const variables = await loadScales(where, await openWeights(files, { where }), family);
  const towers: Partial<Record<(typeof modalities)[number], Encoder<never> & Savable>> = {};
  try {
    for (const modality of modalities) towers[modality] = await options.encoders[modality]!(files);
    const scale = (await variables[family.scale]!.data())[0]!;
    const floats = floatKeys((await readText(files, 'config.json'))!);
    return joined({ config, floats, type, variables, scale, towers: towers as Record<string, never> });
  } catch (error) {
    for (const encoder of Object.values(towers)) encoder.dispose();
    disposeVariables(variables);
    throw error;
  }
}

interface Parts {
  config: Readonly<Record<string, unknown>>;
  floats: ReadonlySet<string>;
  type: string;
  variables: Readonly<Record<string, Variable>>;
  /** The logarithm of the scale, as stored. */
  scale: number;
  towers: Readonly<Record<string, Encoder<never> & Savable>>;
}

function joined({ config, floats, type, variables, scale, towers }: Parts): PretrainedDualEncoder {
  const family = jointFamilies[type]!;
  const { [family.scale]: stored, ...extras } = variables as { [name: string]: Variable };
  const model = dualEncoder({
    encoders: towers as Record<string, Encoder>,
    dimension: Object.values(towers)[0]!.dimension,
    unprojected: Object.keys(towers),
    temperature: Math.exp(-scale),
    // A file may lie a little above the bound that it was trained with.
    maximumScale: Math.max(family.maximumScale, Math.exp(scale) * (1 + 1e-6)),
    pairLoss: family.pairLoss(extras),
    seed: 0, // nothing is drawn: there are no projections to be made
  });
  // As stored, to the last bit; [1] and [] alike.
  tf.tidy(() => model.logitScale.assign(tf.reshape(stored!, [])));
  const { shape } = stored!;
  stored!.dispose();
  const files: Savable['files'] = async (settings) => {
    const others = new Map<string, NonNullable<ReturnType<ModelFiles['get']>>>();
    const carried = new Map<string, StoredTensor>();
    for (const encoder of Object.values(towers)) {
      const own = await encoder.files();
      const weights = await openWeights(own, { where: 'files' });
      for (const name of weights.entries.keys()) carried.set(name, await weights.read(name));
      for (const [name, file] of own)
        if (!/^(config\.json|README\.md|.*\.safetensors.*)$/.test(name)) others.set(name, file);
    }
    const saved = tf.tidy(() => tf.variable(tf.reshape(model.logitScale, shape)));
    try {
      return await modelFiles({
        config,
        floats,
        variables: [[family.scale, saved], ...Object.entries(extras)],
        others,
        carried,
        ...(settings?.card ? { card: settings.card } : {}),
      });
    } finally {
      saved.dispose();
    }
  };
  const { trainableVariables, namedVariables, dispose } = model;
  return Object.assign(model, {
    family: type,
    lossVariables: extras,
    async prepare(modality: string, items: readonly unknown[], options?: Parameters<Encoder['prepare']>[1]) {
      const encoder = towers[modality];
      if (!encoder) {
        throw new CrossmodalError(`prepare: ${type} has ${Object.keys(towers).join(' and ')}, no '${modality}'`);
      }
      return (encoder as unknown as Encoder).prepare(items, options);
    },
    files,
    trainableVariables: () => [...trainableVariables(), ...Object.values(extras).filter(({ trainable }) => trainable)],
    namedVariables: () => ({ ...namedVariables(), ...extras }),
    dispose() {
      dispose();
      disposeVariables(extras);
    },
  }) as unknown as PretrainedDualEncoder;
}
