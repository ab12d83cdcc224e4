import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Adapter } from '../blocks/parameters.js';
import { requireInteger, requireRate } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { Random } from '../random/random.js';
import { type AdaptableEncoder, adaptations, type Lora, linearMaps, parametersOf } from './adaptations.js';
import { freeze } from './freeze.js';

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
  /**
   * Of the first factors.
   * @default 0
   */
  seed?: number;
}

/** Where attention asks and answers, by the names of the families: the paper's choice. */
const attentionTargets = ['query', 'value', 'q_proj', 'v_proj', 'q_lin', 'v_lin', 'attn.q', 'attn.v', 'c_attn', 'Wqkv'];

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
    seed = 0, // as the loaders
    ...others
  }: LoraOptions = {},
): Lora {
  assertKnownOptions('lora', others, ['rank', 'alpha', 'targets', 'dropout', 'seed']);
  requireInteger('lora: rank', rank);
  requireRate('lora: dropout', dropout);
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
