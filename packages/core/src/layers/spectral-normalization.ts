import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { requireInteger } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { type CallArguments, isTraining, type LayerOptions, type LayerShape } from './inputs.js';
import { registerLayer } from './register.js';
import { seededInitializers } from './weights.js';

/** What the wrapped layer must have: a weight called `kernel`, read at each call. */
interface Kernelled {
  kernel: { read(): Tensor } | undefined;
}

/** The kernel as a matrix [everything else, output]. */
function asMatrix(kernel: Tensor, outputAxis: number): Tensor2D {
  const rank = kernel.rank;
  const others = kernel.shape.map((_, i) => i).filter((i) => i !== outputAxis);
  const moved = outputAxis === rank - 1 ? kernel : tf.transpose(kernel, [...others, outputAxis]);
  return tf.reshape(moved, [-1, kernel.shape[outputAxis] as number]) as Tensor2D;
}

function unit(x: Tensor): Tensor {
  return tf.div(x, tf.maximum(tf.norm(x), 1e-12));
}

/**
 * The largest singular value of a matrix by power iteration; the gradient treats the singular vectors as constants.
 * With `iterations` above zero the vectors are improved and stored first.
 */
function largestSingularValue(matrix: Tensor2D, left: Variable, right: Variable, iterations: number): Tensor {
  const value = tf.customGrad((w, save) => {
    // matrix is [rest, out]: left belongs to the outputs, right to the rest.
    let u: Tensor = left;
    let v: Tensor = right;
    for (let i = 0; i < iterations; i++) {
      u = unit(tf.reshape(tf.matMul(w as Tensor2D, tf.reshape(v, [-1, 1]) as Tensor2D, true), [-1]));
      v = unit(tf.reshape(tf.matMul(w as Tensor2D, tf.reshape(u, [-1, 1]) as Tensor2D), [-1]));
    }
    if (iterations > 0) {
      left.assign(u);
      right.assign(v);
    }
    const column = tf.reshape(v, [-1, 1]) as Tensor2D;
    const row = tf.reshape(u, [1, -1]) as Tensor2D;
    (save as tf.GradSaveFunc)([column, row]);
    const sigma = tf.sum(tf.mul(tf.matMul(column, w as Tensor2D, true), row));
    return {
      value: sigma,
      gradFunc: (dy: Tensor, saved: Tensor[]) =>
        tf.mul(tf.matMul(saved[0] as Tensor2D, saved[1] as Tensor2D), dy) as Tensor,
    };
  });
  return value(matrix);
}

export interface SpectralNormalizationOptions extends LayerOptions {
  layer: tfl.layers.Layer;
  /** Power iterations per training call. */
  iterations?: number;
  seed?: number;
}

/** See `spectralNormalization`. */
export class SpectralNormalization extends tfl.layers.Layer {
  static readonly className = 'SpectralNormalization';
  readonly layer: tfl.layers.Layer;
  readonly #iterations: number;
  readonly #seed: number;
  #left: tfl.LayerVariable | undefined;
  #right: tfl.LayerVariable | undefined;

  constructor({ layer, iterations = 1, seed = 0, ...rest }: SpectralNormalizationOptions) {
    super(rest);
    requireInteger('spectralNormalization: iterations', iterations);
    this.layer = layer;
    this.#iterations = iterations; // 1: the paper, algorithm 1
    this.#seed = seed;
  }

  override build(inputShape: LayerShape | LayerShape[]): void {
    if (!this.layer.built) {
      this.layer.build(inputShape);
      this.layer.built = true;
    }
    const kernel = (this.layer as unknown as Kernelled).kernel?.read();
    if (!kernel) {
      throw new CrossmodalError(`spectralNormalization: ${this.layer.getClassName()} has no kernel to normalise`, {
        remedy: 'wrap a dense, convolution or transposed convolution layer',
      });
    }
    const outputs = kernel.shape[this.#outputAxis(kernel)] as number;
    const { normal } = seededInitializers(this.#seed);
    this.#left = this.addWeight('left', [outputs], 'float32', normal('left', 1), undefined, false);
    this.#right = this.addWeight('right', [kernel.size / outputs], 'float32', normal('right', 1), undefined, false);
    tf.tidy(() => {
      // torch, too, settles the vectors before the first step.
      largestSingularValue(asMatrix(kernel, this.#outputAxis(kernel)), ...this.#vectors(), 15);
    });
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: LayerShape | LayerShape[]): LayerShape | LayerShape[] {
    return this.layer.computeOutputShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[], kwargs?: CallArguments): Tensor | Tensor[] {
    const inner = this.layer as unknown as Kernelled;
    const weight = inner.kernel;
    return tf.tidy(() => {
      const kernel = weight!.read();
      const matrix = asMatrix(kernel, this.#outputAxis(kernel));
      const iterations = isTraining(kwargs) ? this.#iterations : 0;
      const normal = tf.div(kernel, largestSingularValue(matrix, ...this.#vectors(), iterations));
      try {
        inner.kernel = { read: () => normal };
        return this.layer.call(inputs, kwargs ?? {});
      } finally {
        inner.kernel = weight;
      }
    });
  }

  #vectors(): [Variable, Variable] {
    return [this.#left!.read() as Variable, this.#right!.read() as Variable];
  }

  /** Transposed convolutions keep their outputs in the last but one axis. */
  #outputAxis(kernel: Tensor): number {
    return this.layer.getClassName().endsWith('Transpose') ? kernel.rank - 2 : kernel.rank - 1;
  }

  override get trainableWeights(): tfl.LayerVariable[] {
    return this.trainable ? this.layer.trainableWeights : [];
  }

  override get nonTrainableWeights(): tfl.LayerVariable[] {
    const inner = this.trainable ? this.layer.nonTrainableWeights : this.layer.weights;
    return [...inner, ...(this.#left && this.#right ? [this.#left, this.#right] : [])];
  }

  override getConfig(): tf.serialization.ConfigDict {
    const layer = { className: this.layer.getClassName(), config: this.layer.getConfig() };
    return { ...super.getConfig(), layer, iterations: this.#iterations, seed: this.#seed };
  }

  /** @nocollapse */
  static override fromConfig<T extends tf.serialization.Serializable>(
    type: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    const { className, config: inner } = config['layer'] as { className: string; config: tf.serialization.ConfigDict };
    const entry = tf.serialization.SerializationMap.getMap().classNameMap[className];
    if (!entry) throw new CrossmodalError(`spectralNormalization: layer class ${className} is not registered`);
    const [layerType, fromConfig] = entry;
    return new type({ ...config, layer: fromConfig(layerType, inner) });
  }
}

/**
 * Divides the kernel of a layer by its largest singular value at each call, so that the layer cannot stretch any direction
 * by more than one: W / sigma(W), sigma by power iteration, one step per training call.
 *
 * @throws CrossmodalError when the layer has no kernel
 * @see Miyato et al.: Spectral normalization for generative adversarial networks (2018), algorithm 1
 * @example
 * const layer = spectralNormalization({ layer: tfl.layers.conv2d({ filters: 64, kernelSize: 4, strides: 2 }) });
 */
export function spectralNormalization(options: SpectralNormalizationOptions): SpectralNormalization {
  assertKnownOptions('spectralNormalization', options, [
    'layer',
    'iterations',
    'seed',
    'name',
    'inputShape',
    'trainable',
  ]);
  registerLayer(SpectralNormalization);
  return new SpectralNormalization(options);
}
