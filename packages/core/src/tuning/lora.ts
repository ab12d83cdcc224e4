import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Adapter, Parameters } from '../blocks/parameters.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { type ModelFiles, memoryFile, readConfig } from '../model-files/model-files.js';
import { openWeights } from '../model-files/stored-weights.js';
import { loadWeights } from '../model-files/weight-plan.js';
import { weightsFile } from '../model-files/write-model.js';
import { Random } from '../random/random.js';
import { disposeVariables } from '../variables.js';
import { freeze, type Tunable } from './freeze.js';

/** An encoder that was loaded from a folder of transformers; encoders made of layers have no `parameters`. */
export interface AdaptableEncoder extends Tunable {
  readonly parameters?: Parameters;
}

export interface LoraOptions {
  /**
   * Rank of what is added.
   * @default 8
   */
  rank?: number;
  /**
   * What is added is scaled by alpha / rank.
   * @default 8
   */
  alpha?: number;
  /**
   * Ends of the names of the linear maps, or 'linear' for all of the encoder's layers.
   * @default attentionTargets
   */
  targets?: readonly string[] | 'linear';
  /**
   * Share of the inputs set to zero before the first factor, when training.
   * @default 0
   */
  dropout?: number;
  seed: number;
}

/** The low-rank adaptations of an encoder. */
export interface Lora {
  /** Full names of the linear maps that are adapted. */
  readonly names: readonly string[];
  /** Adds the products to the weights and takes the adaptations away: the encoder computes the same, and saves as any other. */
  merge(): void;
  /** Takes the adaptations away and leaves the weights as they were. */
  remove(): void;
  /** `adapter_config.json` and `adapter_model.safetensors` in the layout of PEFT. */
  files(): Promise<ModelFiles>;
}

/** Where attention asks and answers, by the names of the families: the paper's choice. */
const attentionTargets = ['query', 'value', 'q_proj', 'v_proj', 'q_lin', 'v_lin', 'attn.q', 'attn.v', 'c_attn', 'Wqkv'];

const prefix = 'base_model.model.';

/**
 * Adapts linear maps by products of low rank, y = W x + (alpha / rank) B A x, and takes all other variables out of training. A is
 * uniform in +-1/sqrt(inputs), as torch's linear layers, B zero, so that nothing changes at first.
 *
 * @param encoder loaded by `loadTextEncoder`, `loadImageEncoder` or `loadAudioEncoder` from a folder of transformers
 * @throws CrossmodalError when no linear map fits, an option is out of range, or the encoder is made of layers
 * @see Hu et al. (2021), "LoRA: low-rank adaptation of large language models", equation 3
 * @example
 * const adapted = lora(encoder, { rank: 8, seed: 1 });
 * await saveFolder('adapters/mine', await adapted.files());
 */
export function lora(
  encoder: AdaptableEncoder,
  {
    rank = 8, // PEFT
    alpha = 8, // PEFT
    targets = attentionTargets,
    dropout = 0,
    seed,
    ...others
  }: LoraOptions,
): Lora {
  assertKnownOptions('lora', others, ['rank', 'alpha', 'targets', 'dropout', 'seed']);
  if (!Number.isInteger(rank) || rank < 1) {
    throw new CrossmodalError(`lora: rank must be a whole number of at least 1, got ${rank}`);
  }
  if (!(dropout >= 0 && dropout < 1)) throw new CrossmodalError(`lora: dropout must be in [0, 1), got ${dropout}`);
  const parameters = parametersOf('lora', encoder);
  const maps = linearMaps(parameters, targets);
  if (maps.length === 0) {
    throw new CrossmodalError(`lora: no linear map ends with ${[targets].flat().join(', ')}`, {
      remedy: `there are such as ${linearMaps(parameters, 'linear')
        .slice(-3)
        .map(({ name }) => name)
        .join(', ')}`,
    });
  }
  freeze(encoder);
  const random = new Random(seed).fork('lora');
  for (const { name, inputs, outputs } of maps) {
    const values = new Float32Array(rank * inputs);
    random.fork(name).fillUniform(values);
    const limit = 1 / Math.sqrt(inputs);
    for (let i = 0; i < values.length; i++) values[i] = (2 * values[i]! - 1) * limit;
    parameters.adapters.set(name, adapterOf(values, { rank, inputs, outputs, scale: alpha / rank, dropout }));
  }
  return adaptations(parameters, maps, { rank, alpha, dropout });
}

/**
 * Loads adaptations that PEFT or `lora(...).files()` wrote, and takes all other variables out of training.
 *
 * @throws CrossmodalError when they are of another kind than LoRA, or do not fit the encoder
 * @example
 * const adapted = await loadLora(encoder, await openFolder('adapters/mine'));
 */
export async function loadLora(encoder: AdaptableEncoder, files: ModelFiles): Promise<Lora> {
  const where = 'loadLora';
  const config = await readConfig(files, 'adapter_config.json', { where });
  const { label } = files.get('adapter_config.json')!;
  if (config['peft_type'] !== 'LORA') {
    throw new CrossmodalError(`${label}: peft_type must be LORA, got ${JSON.stringify(config['peft_type'])}`);
  }
  for (const key of ['use_dora', 'use_rslora', 'fan_in_fan_out']) {
    if (config[key] === true && key !== 'fan_in_fan_out') {
      throw new CrossmodalError(`${label}: ${key} must be false, it is not supported`);
    }
  }
  const [rank, alpha] = [config['r'], config['lora_alpha']];
  if (!Number.isInteger(rank) || (rank as number) < 1 || typeof alpha !== 'number') {
    throw new CrossmodalError(`${label}: r and lora_alpha must be numbers, got ${String(rank)} and ${String(alpha)}`);
  }
  const file = files.get('adapter_model.safetensors');
  if (!file) throw new CrossmodalError(`${where}: there is no adapter_model.safetensors beside ${label}`);
  const weights = await openWeights(new Map([['model.safetensors', file]]), { where });
  const parameters = parametersOf(where, encoder);
  const all = linearMaps(parameters, 'linear');
  const maps = all.filter(({ name }) => weights.entries.has(`${prefix}${name}.lora_A.weight`));
  const specs = Object.fromEntries(
    maps.flatMap(({ name, inputs, outputs }) => [
      [`${prefix}${name}.lora_A.weight`, { shape: [rank as number, inputs] }],
      [`${prefix}${name}.lora_B.weight`, { shape: [outputs, rank as number] }],
    ]),
  );
  const { variables } = await loadWeights(weights, specs, { where });
  const dropout = Number(config['lora_dropout'] ?? 0);
  freeze(encoder);
  for (const { name } of maps) {
    parameters.adapters.set(name, {
      a: variables.get(`${prefix}${name}.lora_A.weight`)!,
      b: variables.get(`${prefix}${name}.lora_B.weight`)!,
      scale: alpha / (rank as number),
      dropout,
    });
  }
  return adaptations(parameters, maps, { rank: rank as number, alpha, dropout });
}

interface LinearMap {
  name: string;
  inputs: number;
  outputs: number;
  /** Stored as [in, out], as in GPT-2's files. */
  turned: boolean;
}

/** Linear maps are the weights of rank two that are no tables. */
function linearMaps(parameters: Parameters, targets: readonly string[] | 'linear'): LinearMap[] {
  return Object.entries(parameters.named()).flatMap(([full, variable]) => {
    const isMap = full.endsWith('.weight') && variable.rank === 2 && !/embed|wte|wpe|relative_/.test(full);
    const name = full.slice(0, -'.weight'.length);
    if (!isMap || (targets !== 'linear' && !targets.some((target) => name === target || name.endsWith(`.${target}`)))) {
      return [];
    }
    const turned = /(^|\.)(c_attn|c_proj|c_fc)$/.test(name);
    const [outputs, inputs] = turned ? [variable.shape[1]!, variable.shape[0]!] : (variable.shape as [number, number]);
    return [{ name, inputs, outputs, turned }];
  });
}

function parametersOf(where: string, encoder: AdaptableEncoder): Parameters {
  if (!encoder.parameters) {
    throw new CrossmodalError(`${where}: this encoder is made of layers, which take no adaptations`, {
      remedy: 'load one of the families of transformers, or use freeze',
    });
  }
  if (encoder.parameters.adapters.size > 0) {
    throw new CrossmodalError(`${where}: the encoder is adapted already`, {
      remedy: 'merge or remove its adaptations',
    });
  }
  return encoder.parameters;
}

function adapterOf(
  values: Float32Array,
  { rank, inputs, outputs, ...rest }: { rank: number; inputs: number; outputs: number; scale: number; dropout: number },
): Adapter {
  const [a, b] = tf.tidy(() => [
    tf.variable(tf.tensor2d(values, [rank, inputs])) as Variable,
    tf.variable(tf.zeros([outputs, rank])) as Variable,
  ]) as [Variable, Variable];
  return { a, b, ...rest };
}

function adaptations(
  parameters: Parameters,
  maps: readonly LinearMap[],
  { rank, alpha, dropout }: { rank: number; alpha: number; dropout: number },
): Lora {
  const remove = () => {
    for (const { name } of maps) {
      const adapter = parameters.adapters.get(name);
      if (!adapter) continue;
      parameters.adapters.delete(name);
      disposeVariables([adapter.a, adapter.b]);
    }
  };
  return {
    names: maps.map(({ name }) => name),
    remove,
    merge() {
      for (const { name, turned } of maps) {
        const adapter = parameters.adapters.get(name);
        if (!adapter) continue;
        const weight = parameters.get(`${name}.weight`);
        tf.tidy(() => {
          const product = tf.mul(
            tf.matMul(adapter.b as Tensor as tf.Tensor2D, adapter.a as Tensor as tf.Tensor2D),
            adapter.scale,
          );
          weight.assign(tf.add(weight, turned ? tf.transpose(product) : product));
        });
      }
      remove();
    },
    async files() {
      const variables = maps.flatMap(({ name }) => {
        const adapter = parameters.adapters.get(name);
        if (!adapter) throw new CrossmodalError('lora: the adaptations were merged or removed');
        return [
          [`${prefix}${name}.lora_A.weight`, adapter.a],
          [`${prefix}${name}.lora_B.weight`, adapter.b],
        ] as const;
      });
      const config = {
        peft_type: 'LORA',
        r: rank,
        lora_alpha: alpha,
        lora_dropout: dropout,
        target_modules: maps.map(({ name }) => name),
        bias: 'none',
        fan_in_fan_out: maps.some(({ turned }) => turned),
        inference_mode: true,
        task_type: null,
      };
      return new Map([
        ['adapter_config.json', memoryFile(`${JSON.stringify(config, null, 2)}\n`, { label: 'adapter_config.json' })],
        ['adapter_model.safetensors', await weightsFile(variables, { label: 'adapter_model.safetensors' })],
      ]);
    },
  };
}
