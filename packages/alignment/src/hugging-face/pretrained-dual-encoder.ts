import {
  CrossmodalError,
  disposeVariables,
  type Encoder,
  type EncoderLoaders,
  floatKeys,
  type ModelFiles,
  modelFiles,
  openWeights,
  readText,
  type Savable,
} from '@crossmodal/core';
import type { StoredTensor } from '@crossmodal/core/safetensors';
import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { type DualEncoder, dualEncoder } from '../dual-encoder/dual-encoder.js';
import type { PairLoss } from '../dual-encoder/pair-loss.js';
import { jointFamilies, loadScales } from './scales.js';

/** What a joint model of transformers has beside a dual encoder of ours. */
export interface PretrainedParts {
  /** `model_type` of its config.json. */
  readonly family: string;
  /** SigLIP's bias of the logits, CLAP's second scale: by their names in the file. */
  readonly lossVariables: Readonly<Record<string, Variable>>;
}

const where = 'loadDualEncoder';

/** Whether a config.json is one of transformers, of any model. */
export const isOfTransformers = (config: Readonly<Record<string, unknown>>): boolean =>
  typeof config['model_type'] === 'string';

/**
 * CLIP, SigLIP or CLAP as a dual encoder: towers, projections, scale and bias as saved.
 *
 * @param config config.json of the files
 * @throws CrossmodalError when the family is another, a loader is missing, or weights are missing or of another shape
 */
export async function pretrainedDualEncoder(
  files: ModelFiles,
  config: Readonly<Record<string, unknown>>,
  { encoders, pairLoss }: { encoders: EncoderLoaders; pairLoss?: PairLoss | undefined },
): Promise<DualEncoder & PretrainedParts> {
  const { label } = files.get('config.json')!;
  const type = config['model_type'];
  if (typeof type !== 'string' || !Object.hasOwn(jointFamilies, type)) {
    throw new CrossmodalError(
      `${where}: ${label}: model_type must be one of ${Object.keys(jointFamilies).join(', ')}, got ${JSON.stringify(type)}`,
      { remedy: 'load a single tower with loadTextEncoder, loadImageEncoder or loadAudioEncoder' },
    );
  }
  const family = jointFamilies[type]!;
  const modalities = [family.other, 'text'] as const;
  const missing = modalities.find((modality) => typeof encoders?.[modality] !== 'function');
  if (missing) {
    throw new CrossmodalError(`${where}: ${label}: ${type} needs encoders.${missing}`, {
      remedy: `pass encoders: { ${modalities.map((name) => `${name}: load${name[0]!.toUpperCase()}${name.slice(1)}Encoder`).join(', ')} }`,
    });
  }
  const variables = await loadScales(where, await openWeights(files, { where }), family);
  const towers: Partial<Record<(typeof modalities)[number], Encoder<never>>> = {};
  try {
    for (const modality of modalities) towers[modality] = await encoders[modality]!(files);
    const scale = (await variables[family.scale]!.data())[0]!;
    const floats = floatKeys((await readText(files, 'config.json'))!);
    return joined({ config, floats, type, variables, scale, towers: towers as Record<string, never>, pairLoss });
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
  towers: Readonly<Record<string, Encoder<never>>>;
  /** In place of the family's own. */
  pairLoss: PairLoss | undefined;
}

function joined({ config, floats, type, variables, scale, towers, pairLoss }: Parts): DualEncoder & PretrainedParts {
  const family = jointFamilies[type]!;
  const { [family.scale]: stored, ...extras } = variables as { [name: string]: Variable };
  const model = dualEncoder({
    encoders: towers as Record<string, Encoder>,
    dimension: Object.values(towers)[0]!.dimension,
    unprojected: Object.keys(towers),
    temperature: Math.exp(-scale),
    // A file may lie a little above the bound that it was trained with.
    maximumScale: Math.max(family.maximumScale, Math.exp(scale) * (1 + 1e-6)),
    pairLoss: pairLoss ?? family.pairLoss(extras),
    seed: 0, // nothing is drawn: there are no projections to be made
  });
  // As stored, to the last bit; [1] and [] alike.
  tf.tidy(() => model.logitScale.assign(tf.reshape(stored!, [])));
  const { shape } = stored!;
  stored!.dispose();
  const files: Savable['files'] = async (settings) => {
    const others = new Map<string, NonNullable<ReturnType<ModelFiles['get']>>>();
    const carried = new Map<string, StoredTensor>();
    for (const [modality, encoder] of Object.entries(towers)) {
      if (!encoder.files) throw new CrossmodalError(`files: the ${modality} encoder cannot be saved`);
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
    files,
    trainableVariables: () => [...trainableVariables(), ...Object.values(extras).filter(({ trainable }) => trainable)],
    namedVariables: () => ({ ...namedVariables(), ...extras }),
    dispose() {
      dispose();
      disposeVariables(extras);
    },
  });
}
