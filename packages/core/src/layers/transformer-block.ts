import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { Random } from '../random/random.js';
import { type ActivationName, activation } from './activations.js';
import { attentionBias } from './attention.js';
import { checkRate, dropout } from './dropout.js';
import {
  type CallArguments,
  firstShape,
  isTraining,
  type LayerOptions,
  type LayerShape,
  severalInputs,
  usableMask,
} from './inputs.js';
import {
  type AttentionWeights,
  checkMask,
  lastOf,
  makeAttentionWeights,
  projectedAttention,
} from './multi-head-attention.js';
import { registerLayer } from './register.js';
import { layerNormalize, linear, seededInitializers, type WeightMaker } from './weights.js';

export interface TransformerBlockOptions extends LayerOptions {
  heads: number;
  /** Width of the feed-forward part; four times the input's unless given. */
  hidden?: number;
  activation?: ActivationName;
  /** Where layer normalisation stands: before each part (trains without warm-up) or after the residual sum (the paper). */
  normalization?: 'pre' | 'post';
  /** Hides later places from earlier ones. */
  causal?: boolean;
  /** Adds attention to a second input between self-attention and feed-forward: a decoder block. */
  memory?: boolean;
  dropout?: number;
  epsilon?: number;
  seed: number;
}

interface Norm {
  gamma: tfl.LayerVariable;
  beta: tfl.LayerVariable;
}

interface BlockWeights {
  attention: AttentionWeights;
  memory: AttentionWeights | undefined;
  inner: { kernel: tfl.LayerVariable; bias: tfl.LayerVariable };
  outer: { kernel: tfl.LayerVariable; bias: tfl.LayerVariable };
  norms: Norm[];
}

type Settings = Required<Omit<TransformerBlockOptions, keyof LayerOptions | 'hidden'>> & { hidden: number | undefined };

/** See `transformerBlock`. */
export class TransformerBlock extends tfl.layers.Layer {
  static readonly className = 'TransformerBlock';
  readonly #options: Settings;
  readonly #random: Random;
  #weights: BlockWeights | undefined;

  constructor({
    heads,
    hidden,
    activation: name = 'gelu', // BERT, GPT-2, ViT
    normalization = 'pre', // Xiong et al., 2020
    causal = false,
    memory = false,
    dropout: rate = 0,
    epsilon = 1e-5, // torch's default
    seed,
    ...rest
  }: TransformerBlockOptions) {
    super(rest);
    checkRate('transformerBlock', rate);
    activation('transformerBlock', name);
    if (normalization !== 'pre' && normalization !== 'post') {
      throw new CrossmodalError(`transformerBlock: normalization must be 'pre' or 'post', got '${normalization}'`);
    }
    this.#options = { heads, hidden, activation: name, normalization, causal, memory, dropout: rate, epsilon, seed };
    this.#random = new Random(seed);
    this.supportsMasking = true;
  }

  override build(inputShape: LayerShape | LayerShape[]): void {
    const { heads, memory, seed } = this.#options;
    const width = lastOf(firstShape(inputShape));
    if (!Number.isSafeInteger(heads) || heads < 1 || width % heads !== 0) {
      throw new CrossmodalError(`transformerBlock: heads must divide the width, got ${heads} and ${width}`);
    }
    const hidden = this.#options.hidden ?? 4 * width; // the paper's ratio
    const memoryWidth = memory ? lastOf((inputShape as LayerShape[])[1] ?? []) : undefined;
    const { glorotUniform } = seededInitializers(seed);
    const zeros = tfl.initializers.zeros();
    const make: WeightMaker = (name, shape, initializer) => this.addWeight(name, shape, 'float32', initializer);
    const dense = (name: string, from: number, to: number) => ({
      kernel: make(`${name}_kernel`, [from, to], glorotUniform(name)),
      bias: make(`${name}_bias`, [to], zeros),
    });
    const norm = (i: number): Norm => ({
      gamma: make(`norm${i}_gamma`, [width], tfl.initializers.ones()),
      beta: make(`norm${i}_beta`, [width], zeros),
    });
    this.#weights = {
      attention: makeAttentionWeights(make, seed, 'attention_', { width, dimension: width, bias: true }),
      memory: memory
        ? makeAttentionWeights(make, seed, 'memory_attention_', { width, memoryWidth, dimension: width, bias: true })
        : undefined,
      inner: dense('inner', width, hidden),
      outer: dense('outer', hidden, width),
      norms: memory ? [norm(1), norm(2), norm(3)] : [norm(1), norm(2)],
    };
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: LayerShape | LayerShape[]): LayerShape {
    return firstShape(inputShape);
  }

  override computeMask(_inputs: Tensor | Tensor[], mask?: Tensor | Tensor[]): Tensor {
    return (Array.isArray(mask) ? mask[0] : mask) as Tensor;
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArguments): Tensor {
    const { memory: withMemory, causal, heads, normalization, epsilon } = this.#options;
    const list = severalInputs('transformerBlock', inputs, withMemory ? 2 : 1, withMemory ? 4 : 2);
    const x = list[0] as Tensor;
    const memory = withMemory ? (list[1] as Tensor) : undefined;
    const mask = list[withMemory ? 3 : 1] ?? usableMask(kwargs?.['mask'], x);
    const memoryMask = withMemory ? list[2] : undefined;
    checkMask('transformerBlock', mask, x);
    if (memory) checkMask('transformerBlock', memoryMask, memory);
    const training = isTraining(kwargs);
    const weights = this.#weights!;
    return tf.tidy(() => {
      const bias = attentionBias({ mask, causal: causal ? (x.shape[1] as number) : undefined });
      const drop = (values: Tensor4D) => this.#drop(values, training);
      const parts: ((input: Tensor) => Tensor)[] = [
        (input) => projectedAttention(weights.attention, input, undefined, { heads, bias, drop }).output,
        (input) => this.#feedForward(input, training),
      ];
      if (memory) {
        const memoryBias = attentionBias({ mask: memoryMask });
        const attend = (input: Tensor) =>
          projectedAttention(weights.memory!, input, memory, { heads, bias: memoryBias, drop }).output;
        parts.splice(1, 0, attend);
      }
      return parts.reduce((state, part, i) => {
        const { gamma, beta } = weights.norms[i]!;
        const normalize = (values: Tensor) => layerNormalize(values, gamma.read(), beta.read(), epsilon);
        if (normalization === 'pre') return tf.add(state, this.#drop(part(normalize(state)), training));
        return normalize(tf.add(state, this.#drop(part(state), training)));
      }, x);
    });
  }

  #feedForward(x: Tensor, training: boolean): Tensor {
    const { inner, outer } = this.#weights!;
    const act = activation('transformerBlock', this.#options.activation);
    const middle = this.#drop(act(linear(x, inner.kernel.read(), inner.bias.read())), training);
    return linear(middle, outer.kernel.read(), outer.bias.read());
  }

  #drop<T extends Tensor>(x: T, training: boolean): T {
    const { dropout: rate } = this.#options;
    return training && rate > 0 ? dropout(x, { rate, random: this.#random, training }) : x;
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { hidden, ...options } = this.#options;
    return { ...super.getConfig(), ...options, ...(hidden === undefined ? {} : { hidden }) };
  }
}

/**
 * One Transformer layer: self-attention, optionally attention to a memory, and a feed-forward part, each with a residual
 * sum and a layer normalisation. Inputs: `x` or `[x, mask]`; with `memory: true` `[x, memory]`, `[x, memory, memoryMask]` or
 * `[x, memory, memoryMask, mask]`. Masks are [batch, length], one for real places and zero for padding. The output has the
 * shape of `x`.
 *
 * @throws CrossmodalError when the heads do not divide the width, when a mask has another shape
 * @see Vaswani et al.: Attention is all you need (2017), section 3; Xiong et al.: On layer normalization (2020)
 * @example
 * let hidden = tokens;
 * for (let i = 0; i < 4; i++) hidden = transformerBlock({ heads: 4, seed: i }).apply([hidden, mask]) as tfl.SymbolicTensor;
 */
export function transformerBlock(options: TransformerBlockOptions): TransformerBlock {
  assertKnownOptions('transformerBlock', options, [
    'heads',
    'hidden',
    'activation',
    'normalization',
    'causal',
    'memory',
    'dropout',
    'epsilon',
    'seed',
    'name',
    'inputShape',
    'trainable',
  ]);
  registerLayer(TransformerBlock);
  return new TransformerBlock(options);
}
