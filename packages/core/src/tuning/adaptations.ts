import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Parameters } from '../blocks/parameters.js';
import { CrossmodalError } from '../errors.js';
import { type ModelFiles, memoryFile } from '../model-files/model-files.js';
import { weightsFile } from '../model-files/write-model.js';
import { disposeVariables } from '../variables.js';
import type { Tunable } from './freeze.js';

/** An encoder that was loaded from a folder of transformers; encoders made of layers have no `parameters`. */
export interface AdaptableEncoder extends Tunable {
  readonly parameters?: Parameters;
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

/** What PEFT puts before the names of the encoder. */
export const prefix = 'base_model.model.';

/** A linear map of an encoder, by the name of its weight without `.weight`. */
export interface LinearMap {
  name: string;
  inputs: number;
  outputs: number;
  /** Stored as [in, out], as in GPT-2's files. */
  turned: boolean;
}

/** Linear maps are the weights of rank two that are no tables. */
export function linearMaps(parameters: Parameters, targets: readonly string[] | 'linear'): LinearMap[] {
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

/** @throws CrossmodalError when the encoder is made of layers, or adapted already */
export function parametersOf(where: string, encoder: AdaptableEncoder): Parameters {
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

/** What can be done with adaptations that are in place. */
export function adaptations(
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
      const [ranks, alphas]: [Record<string, number>, Record<string, number>] = [{}, {}];
      for (const { name } of maps) {
        const { a, scale } = parameters.adapters.get(name)!;
        const own = a.shape[0]!;
        if (own !== rank) ranks[name] = own;
        if (Math.abs(scale * own - alpha) > 1e-9 * alpha) alphas[name] = scale * own;
      }
      const config = {
        peft_type: 'LORA',
        r: rank,
        lora_alpha: alpha,
        lora_dropout: dropout,
        rank_pattern: ranks,
        alpha_pattern: alphas,
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
