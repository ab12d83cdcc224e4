import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { EncodedSequence, Encoder, Inputs } from '../encoder.js';
import { CrossmodalError } from '../errors.js';
import { isTraining } from '../is-training.js';
import { dropout } from '../layers/dropout.js';
import { floatKeys } from '../model-files/json-floats.js';
import { type ModelCard, type ModelFiles, readText, subfolder } from '../model-files/model-files.js';
import { openWeights } from '../model-files/stored-weights.js';
import { loadWeights, type WeightSpecs } from '../model-files/weight-plan.js';
import type { StoredWeights } from '../model-files/weight-reader.js';
import { modelFiles, weightsFile } from '../model-files/write-model.js';
import { type Preprocessing, traceable } from '../preprocessing.js';
import { Random } from '../random/random.js';
import type { StoredTensor } from '../safetensors/values.js';
import { disposeVariables, type NamedVariables } from '../variables.js';
import type { Architecture } from './architecture.js';
import { under } from './linear.js';
import { Parameters, type Run } from './parameters.js';

/** An encoder that was loaded from a model's files, and can be saved as such. */
export interface PretrainedEncoder<Item = unknown> extends Encoder<Item> {
  files(options?: { card?: ModelCard }): Promise<ModelFiles>;
  /** `model_type` of its config.json. */
  readonly family: string;
  /** Its config.json, as read. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Names in the file that were of no use: heads of other tasks, the other tower. */
  readonly unused: readonly string[];
  /** Its variables by place, with the low-rank adaptations, for `lora`; encoders made of layers have none. */
  readonly parameters?: Parameters;
  encodeSequence(inputs: Inputs, options?: { training?: boolean }): EncodedSequence;
  /** What the head of the file says: classes [batch, classes], or symbols per place; only when the file has one. */
  logits?(inputs: Inputs, options?: { training?: boolean }): Tensor;
}

/** Weights in a folder of their own, known by the folder's name: `2_Dense.linear.weight`. */
export interface WeightPart {
  readonly folder: string;
  readonly specs: WeightSpecs;
}

export interface PretrainedOptions {
  /** Seed of dropout when training. */
  seed?: number;
  /** Multiplies the dropout rates of config.json when training; 0 turns dropout off. */
  dropout?: number;
  /** Tensors of the file that the model does not know are passed over. */
  allowExtra?: boolean;
}

/**
 * Loads the weights of an architecture and makes an encoder of them.
 *
 * @throws CrossmodalError when weights are missing, extra or of another shape
 */
export async function pretrainedEncoder<Item>({
  where,
  modality,
  files,
  config,
  written = config,
  others,
  architecture,
  prepare,
  seed = 0,
  dropout: dropoutShare = 1,
  allowExtra = false,
  folder = '',
  parts = [],
  weights,
  preprocessing,
}: {
  where: string;
  modality: string;
  files: ModelFiles;
  config: Readonly<Record<string, unknown>>;
  /** The config.json of what is saved, where it differs. */
  written?: Readonly<Record<string, unknown>>;
  /** Files that are saved along: of tokenisers and preprocessing. */
  others: ModelFiles;
  architecture: Architecture;
  prepare: Encoder<Item>['prepare'];
  /** How `prepare` makes tensors, for exported files. */
  preprocessing?: Preprocessing;
  /** Where the body's config.json and weights lie among the files; at the top unless given. */
  folder?: string;
  /** Weights in files of their own, such as the dense modules of sentence-transformers. */
  parts?: readonly WeightPart[];
  /** The body's weights, where they were opened already. */
  weights?: StoredWeights;
} & PretrainedOptions): Promise<PretrainedEncoder<Item>> {
  const stored = weights ?? (await openWeights(subfolder(files, folder), { where }));
  const floats = floatKeys((await readText(subfolder(files, folder), 'config.json')) ?? '');
  const carried = await carriedTensors(stored, architecture.carried);
  const prefix = prefixOf(stored, architecture);
  const specs: WeightSpecs = { ...under(prefix, architecture.body), ...architecture.head };
  const { variables, unused } = await loadWeights(stored, specs, {
    where,
    ignored: [...(architecture.ignored ?? []), ...(architecture.carried ? [architecture.carried] : [])],
    allowExtra,
  });
  const all = new Map(variables);
  try {
    for (const part of parts) {
      const own = await loadWeights(await openWeights(subfolder(files, part.folder), { where }), part.specs, { where });
      for (const [name, variable] of own.variables) all.set(`${part.folder}.${name}`, variable);
    }
  } catch (error) {
    disposeVariables([...all.values()]);
    throw error;
  }
  const root = new Parameters(all);
  const parameters = { body: root.at(prefix.replace(/\.$/, '')), head: root };
  const random = new Random(seed).fork('dropout');
  const runOf = (training: boolean): Run => ({
    training,
    drop: (x, rate) =>
      training && rate * dropoutShare > 0 ? dropout(x, { rate: rate * dropoutShare, random, training }) : x,
  });
  const compute = <R extends tf.TensorContainer>(
    inputs: Inputs,
    training: boolean,
    finish: (encoded: ReturnType<Architecture['sequence']>, run: Run) => R,
  ): R => {
    checkInputs(modality, inputs, architecture.inputs);
    return tf.tidy(() => {
      const run = runOf(training);
      return finish(architecture.sequence(parameters.body, inputs, run), run);
    });
  };
  const named = () => ({ ...root.named(), ...adapterVariables(root) });
  const encoder: PretrainedEncoder<Item> = {
    modality,
    dimension: architecture.dimension,
    family: String(config['model_type']),
    config,
    unused,
    parameters: root,
    ...(preprocessing ? { preprocessing } : {}),
    prepare: traceable(prepare, preprocessing),
    encode: (inputs, options) =>
      compute(inputs, isTraining('encoder.encode', options), (encoded, run) =>
        architecture.vector(encoded, parameters, inputs, run),
      ) as Tensor2D,
    encodeSequence: (inputs, options) =>
      compute(inputs, isTraining('encoder.encodeSequence', options), ({ sequence, mask }) =>
        mask ? { sequence, mask: tf.clone(mask) } : { sequence },
      ) as EncodedSequence,
    namedVariables: named,
    trainableVariables: () => Object.values(named()).filter((variable) => variable.trainable),
    dispose: () => disposeVariables(named()),
    async files({ card } = {}) {
      if (root.adapters.size > 0) {
        throw new CrossmodalError(`${where}: the encoder cannot be saved: its low-rank adaptations are not merged`, {
          remedy: 'merge or remove them first; they alone are saved by their own files',
        });
      }
      const main = await modelFiles({
        ...{ config: written, variables, specs, others, carried, floats },
        ...(card ? { card } : {}),
      });
      const placed = new Map(
        [...main].map(([name, file]) => [
          folder !== '' && (name === 'config.json' || name === 'model.safetensors') ? `${folder}/${name}` : name,
          file,
        ]),
      );
      for (const part of parts) {
        const own = Object.keys(part.specs).map((name) => [name, all.get(`${part.folder}.${name}`)!] as const);
        placed.set(`${part.folder}/model.safetensors`, await weightsFile(own, { specs: part.specs }));
      }
      return placed;
    },
  };
  const { logits } = architecture;
  if (logits) {
    encoder.logits = (inputs, options) =>
      compute(inputs, isTraining('encoder.logits', options), (encoded, run) =>
        logits(encoded, parameters, inputs, run),
      );
  }
  return encoder;
}

/** Tensors that are not of use here but belong to the model's file. */
async function carriedTensors(stored: StoredWeights, pattern: RegExp | undefined): Promise<Map<string, StoredTensor>> {
  const tensors = new Map<string, StoredTensor>();
  if (!pattern) return tensors;
  for (const name of stored.entries.keys()) if (pattern.test(name)) tensors.set(name, await stored.read(name));
  return tensors;
}

/** The prefix under which most of the body's weights are found. */
function prefixOf({ entries }: StoredWeights, { prefixes, body }: Architecture): string {
  const count = (prefix: string) =>
    Object.entries(body).filter(([name, { aliases = [] }]) =>
      [name, ...aliases].some((candidate) => entries.has(prefix + candidate)),
    ).length;
  return prefixes.reduce((best, prefix) => (count(prefix) > count(best) ? prefix : best));
}

function checkInputs(modality: string, inputs: Inputs, names: readonly string[]): void {
  if ((inputs as unknown) instanceof tf.Tensor) {
    throw new CrossmodalError(`encode: the ${modality} encoder got a tensor, expected { ${names.join(', ')} }`, {
      remedy: `name it: { ${names[0]}: tensor }`,
    });
  }
  if (!inputs[names[0]!]) {
    throw new CrossmodalError(
      `encode: the ${modality} encoder needs the input ${names[0]}, got ${Object.keys(inputs).join(', ') || 'none'}`,
    );
  }
}

/** The variables of low-rank adaptations, by the names of the maps that they change. */
function adapterVariables(root: Parameters): NamedVariables {
  const named: NamedVariables = {};
  for (const [name, { a, b }] of root.adapters) {
    named[`${name}.lora_A.weight`] = a;
    named[`${name}.lora_B.weight`] = b;
  }
  return named;
}
