import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { requireInteger, requireOneOf } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { Random } from '../random/random.js';
import { attentionBias, mergeHeads, scaledDotProductAttention, splitHeads } from './attention.js';
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
import { registerLayer } from './register.js';
import { linear, seededInitializers, type WeightMaker } from './weights.js';

export interface MultiHeadAttentionOptions extends LayerOptions {
  heads: number;
  /** Width of the output and of all heads together; that of the input unless given. */
  dimension?: number;
  /** What is attended to: the input itself, or a second input. */
  attendsTo?: 'self' | 'memory';
  /** Hides later places from earlier ones; for 'self'. */
  causal?: boolean;
  bias?: boolean;
  /** Dropout of the attention weights when training. */
  dropout?: number;
  seed: number;
}

/** The weights of one attention: projections in and out. */
export interface AttentionWeights {
  /** 'self': [width, 3 dimension] (query, key, value side by side); 'memory': [width, dimension]. */
  inputKernel: tfl.LayerVariable;
  inputBias: tfl.LayerVariable | undefined;
  /** 'memory' only: [memory width, 2 dimension]. */
  memoryKernel: tfl.LayerVariable | undefined;
  memoryBias: tfl.LayerVariable | undefined;
  outputKernel: tfl.LayerVariable;
  outputBias: tfl.LayerVariable | undefined;
}

/** Makes the weights; used by this layer and by the Transformer block. */
export function makeAttentionWeights(
  make: WeightMaker,
  seed: number,
  prefix: string,
  {
    width,
    memoryWidth,
    dimension,
    bias,
  }: { width: number; memoryWidth?: number | undefined; dimension: number; bias: boolean },
): AttentionWeights {
  const { glorotUniform } = seededInitializers(seed);
  const zeros = tfl.initializers.zeros();
  const kernel = (name: string, shape: number[]) => make(prefix + name, shape, glorotUniform(prefix + name));
  const offset = (name: string, size: number) => (bias ? make(prefix + name, [size], zeros) : undefined);
  const inputs = memoryWidth === undefined ? 3 * dimension : dimension;
  return {
    inputKernel: kernel('input_kernel', [width, inputs]),
    inputBias: offset('input_bias', inputs),
    memoryKernel: memoryWidth === undefined ? undefined : kernel('memory_kernel', [memoryWidth, 2 * dimension]),
    memoryBias: memoryWidth === undefined ? undefined : offset('memory_bias', 2 * dimension),
    outputKernel: kernel('output_kernel', [dimension, dimension]),
    outputBias: offset('output_bias', dimension),
  };
}

/** Attention with projections; inside a tidy. */
export function projectedAttention(
  weights: AttentionWeights,
  x: Tensor,
  memory: Tensor | undefined,
  { heads, bias, drop }: { heads: number; bias: Tensor | undefined; drop: (weights: Tensor4D) => Tensor4D },
): { output: Tensor; weights: Tensor4D } {
  const projected = linear(x, weights.inputKernel.read(), weights.inputBias?.read());
  const parts = memory
    ? [projected, ...tf.split(linear(memory, weights.memoryKernel!.read(), weights.memoryBias?.read()), 2, 2)]
    : tf.split(projected, 3, 2);
  const [query, key, value] = parts.map((part) => splitHeads(part, heads)) as [Tensor4D, Tensor4D, Tensor4D];
  const attended = scaledDotProductAttention(query, key, value, { bias, drop });
  return {
    output: linear(mergeHeads(attended.output), weights.outputKernel.read(), weights.outputBias?.read()),
    weights: attended.weights,
  };
}

/** See `multiHeadAttention`. */
export class MultiHeadAttention extends tfl.layers.Layer {
  static readonly className = 'MultiHeadAttention';
  readonly #options: Required<Omit<MultiHeadAttentionOptions, keyof LayerOptions | 'dimension'>> & {
    dimension: number | undefined;
  };
  readonly #random: Random;
  #weights: AttentionWeights | undefined;

  constructor({
    heads,
    dimension,
    attendsTo = 'self',
    causal = false,
    bias = true,
    dropout: rate = 0,
    seed,
    ...rest
  }: MultiHeadAttentionOptions) {
    super(rest);
    checkRate('multiHeadAttention', rate);
    requireInteger('multiHeadAttention: heads', heads);
    requireOneOf('multiHeadAttention: attendsTo', attendsTo, ['self', 'memory']);
    if (causal && attendsTo === 'memory') {
      throw new CrossmodalError("multiHeadAttention: causal is for attendsTo 'self'");
    }
    this.#options = { heads, dimension, attendsTo, causal, bias, dropout: rate, seed };
    this.#random = new Random(seed);
    this.supportsMasking = true;
  }

  override build(inputShape: LayerShape | LayerShape[]): void {
    const { heads, attendsTo, bias, seed } = this.#options;
    const width = lastOf(firstShape(inputShape));
    const dimension = this.#options.dimension ?? width;
    if (dimension % heads !== 0) {
      throw new CrossmodalError(
        `multiHeadAttention: dimension must be a multiple of heads, got ${dimension} and ${heads}`,
      );
    }
    const memoryWidth = attendsTo === 'memory' ? lastOf((inputShape as LayerShape[])[1] ?? []) : undefined;
    const make: WeightMaker = (name, shape, initializer, trainable) =>
      this.addWeight(name, shape, 'float32', initializer, undefined, trainable);
    this.#weights = makeAttentionWeights(make, seed, '', { width, memoryWidth, dimension, bias });
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: LayerShape | LayerShape[]): LayerShape {
    const shape = firstShape(inputShape);
    return [...shape.slice(0, -1), this.#options.dimension ?? (shape.at(-1) as number)];
  }

  override computeMask(): tf.Tensor {
    return null as unknown as tf.Tensor;
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArguments): Tensor {
    return tf.tidy(() => this.attend(inputs, { training: isTraining(kwargs), mask: kwargs?.['mask'] }).output);
  }

  /** Output and attention weights [batch, heads, target, source], for looking at what attends to what. */
  attend(
    inputs: Tensor | Tensor[],
    { training = false, mask: implied, ...others }: { training?: boolean; mask?: unknown } = {},
  ): { output: Tensor; weights: Tensor4D } {
    assertKnownOptions('multiHeadAttention.attend', others, ['training', 'mask']);
    const { heads, attendsTo, causal, dropout: rate } = this.#options;
    const ofMemory = attendsTo === 'memory';
    const list = severalInputs('multiHeadAttention', inputs, ofMemory ? 2 : 1, ofMemory ? 3 : 2);
    const x = list[0] as Tensor;
    const memory = ofMemory ? list[1] : undefined;
    const source = memory ?? x;
    const mask = list[ofMemory ? 2 : 1] ?? (ofMemory ? undefined : usableMask(implied, x));
    checkMask('multiHeadAttention', mask, source);
    return tf.tidy(() =>
      projectedAttention(this.#weights!, x, memory, {
        heads,
        bias: attentionBias({ mask, causal: causal ? (x.shape[1] as number) : undefined }),
        drop: (weights) =>
          training && rate > 0 ? dropout(weights, { rate, random: this.#random, training }) : weights,
      }),
    );
  }

  override getConfig(): tf.serialization.ConfigDict {
    const { dimension, ...options } = this.#options;
    return { ...super.getConfig(), ...options, ...(dimension === undefined ? {} : { dimension }) };
  }
}

export function checkMask(caller: string, mask: Tensor | undefined, source: Tensor): void {
  if (mask && (mask.rank !== 2 || mask.shape[0] !== source.shape[0] || mask.shape[1] !== source.shape[1])) {
    throw new CrossmodalError(
      `${caller}: the mask must be [batch, length] of what is attended to, [${source.shape.slice(0, 2)}], got [${mask.shape}]`,
    );
  }
}

export function lastOf(shape: LayerShape): number {
  const last = shape.at(-1);
  if (shape.length !== 3 || typeof last !== 'number') {
    throw new CrossmodalError(`attention: inputs must be [batch, length, width] with a known width, got [${shape}]`);
  }
  return last;
}

/**
 * Multi-head attention as a layer. Inputs: `x` or `[x, mask]`; with `attendsTo: 'memory'` `[x, memory]` or
 * `[x, memory, mask]`, the mask being that of the memory, [batch, source], one for real places and zero for padding.
 * A mask that comes from `tf.layers.embedding({ maskZero: true })` is used too.
 *
 * @throws CrossmodalError for a dimension that the heads do not divide, a mask of another shape
 * @see Vaswani et al.: Attention is all you need (2017), section 3.2.2
 * @example
 * const attended = multiHeadAttention({ heads: 4, seed: 1 }).apply([x, mask]);
 */
export function multiHeadAttention(options: MultiHeadAttentionOptions): MultiHeadAttention {
  assertKnownOptions('multiHeadAttention', options, [
    'heads',
    'dimension',
    'attendsTo',
    'causal',
    'bias',
    'dropout',
    'seed',
    'name',
    'inputShape',
    'trainable',
  ]);
  registerLayer(MultiHeadAttention);
  return new MultiHeadAttention(options);
}
