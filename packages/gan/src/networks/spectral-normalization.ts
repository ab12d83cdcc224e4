import { CrossmodalError } from '@crossmodal/core';
import type { Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

type Layer = tfl.layers.Layer;
type Shape = (number | null)[];
type Weight = tfl.LayerVariable;

const tiny = 1e-12; // torch's floor of a norm

function unit(x: Tensor2D): Tensor2D {
  return tf.div(x, tf.maximum(tf.sqrt(tf.sum(tf.square(x))), tiny)) as Tensor2D;
}

/**
 * Rounds of the power iteration v = n(u M^T), u = n(v M), and the estimate v M u^T of the largest singular value.
 *
 * @param matrix [rest, out]
 * @param u [1, out]
 * @param v [1, rest], used as it is without rounds
 */
export function powerIteration(
  matrix: Tensor2D,
  u: Tensor2D,
  v: Tensor2D,
  rounds: number,
): { u: Tensor2D; v: Tensor2D; sigma: Tensor } {
  return tf.tidy(() => {
    let left = v;
    let right = u;
    for (let i = 0; i < rounds; i++) {
      left = unit(tf.matMul(right, matrix, false, true));
      right = unit(tf.matMul(left, matrix));
    }
    const sigma = tf.reshape(tf.matMul(tf.matMul(left, matrix), right, false, true), []);
    return { u: tf.clone(right), v: tf.clone(left), sigma };
  });
}

export interface SpectralNormalizationOptions {
  /** Rounds of the power iteration per training call. */
  iterations?: number;
  /** Draws the start of the power iteration. */
  seed?: number;
  name?: string;
}

/** See `spectralNormalization`. */
export class SpectralNormalization extends tfl.layers.Layer {
  static readonly className = 'SpectralNormalization';
  readonly layer: Layer;
  readonly iterations: number;
  readonly seed: number;
  #u: Weight | undefined;
  #v: Weight | undefined;

  constructor({
    layer,
    iterations = 1, // Miyato et al.: one is enough
    seed = 0,
    ...rest
  }: SpectralNormalizationOptions & { layer: Layer }) {
    super(rest);
    if (!Number.isInteger(iterations) || iterations < 1) {
      throw new CrossmodalError(`spectralNormalization: iterations must be a positive integer, got ${iterations}`);
    }
    this.layer = layer;
    this.iterations = iterations;
    this.seed = seed;
  }

  override build(inputShape: Shape | Shape[]): void {
    if (!this.layer.built) {
      this.layer.build(inputShape);
      this.layer.built = true;
    }
    const shape = kernelOf(this.layer).shape as number[];
    const out = shape.at(-1) as number;
    const rest = shape.slice(0, -1).reduce((product, size) => product * size, 1);
    const initial = tfl.initializers.randomNormal({ mean: 0, stddev: 1, seed: this.seed });
    this.#u = this.addWeight('u', [1, out], 'float32', initial, undefined, false);
    this.#v = this.addWeight('v', [1, rest], 'float32', tfl.initializers.zeros(), undefined, false);
    tf.tidy(() => {
      const matrix = tf.reshape(kernelOf(this.layer).read(), [rest, out]) as Tensor2D;
      // A random start, a few rounds ahead: torch takes 15 as well.
      const { u, v } = powerIteration(matrix, this.#u!.read() as Tensor2D, this.#v!.read() as Tensor2D, 15);
      this.#u!.write(u);
      this.#v!.write(v);
    });
    super.build(inputShape);
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape | Shape[] {
    return this.layer.computeOutputShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[], kwargs: Record<string, unknown> = {}): Tensor | Tensor[] {
    return tf.tidy(() => {
      const kernel = kernelOf(this.layer);
      const normalized = this.#normalized(kernel.read() as Variable, kwargs['training'] === true ? this.iterations : 0);
      // The inner layer reads its kernel through this method: for one call it sees the normalised one.
      kernel.read = () => normalized;
      try {
        return this.layer.call(inputs, kwargs);
      } finally {
        Reflect.deleteProperty(kernel, 'read');
      }
    });
  }

  /**
   * kernel / sigma. The power iteration is no part of the gradient: u and v count as constants, which gives
   * (G - <G, kernel / sigma> v^T u) / sigma.
   */
  #normalized(kernel: Variable, rounds: number): Tensor {
    const normalize = tf.customGrad((input, save) => {
      const matrix = tf.reshape(input as Tensor, [-1, kernel.shape.at(-1) as number]) as Tensor2D;
      const { u, v, sigma } = powerIteration(matrix, this.#u!.read() as Tensor2D, this.#v!.read() as Tensor2D, rounds);
      if (rounds > 0) {
        this.#u!.write(u);
        this.#v!.write(v);
      }
      const value = tf.div(input as Tensor, sigma);
      (save as tf.GradSaveFunc)([value, u, v, sigma]);
      const gradFunc = (dy: Tensor, saved: Tensor[]) => {
        const [w, right, left, scale] = saved as [Tensor, Tensor2D, Tensor2D, Tensor];
        const outer = tf.reshape(tf.matMul(left, right, true, false), dy.shape);
        return tf.div(tf.sub(dy, tf.mul(tf.sum(tf.mul(dy, w)), outer)), scale);
      };
      return { value, gradFunc };
    });
    return normalize(kernel);
  }

  override get trainableWeights(): Weight[] {
    return this.trainable ? (this.layer?.trainableWeights ?? []) : [];
  }

  override get nonTrainableWeights(): Weight[] {
    const inner = this.trainable ? this.layer?.nonTrainableWeights : this.layer?.weights;
    return [...(inner ?? []), ...super.nonTrainableWeights];
  }

  override getConfig(): tf.serialization.ConfigDict {
    const layer = { className: this.layer.getClassName(), config: this.layer.getConfig() };
    return { ...super.getConfig(), layer, iterations: this.iterations, seed: this.seed };
  }

  static override fromConfig<T extends tf.serialization.Serializable>(
    type: tf.serialization.SerializableConstructor<T>,
    config: tf.serialization.ConfigDict,
  ): T {
    const { className, config: inner } = config['layer'] as { className: string; config: tf.serialization.ConfigDict };
    const known = tf.serialization.SerializationMap.getMap().classNameMap[className];
    if (!known) throw new CrossmodalError(`SpectralNormalization: unknown layer class ${className}`);
    return new type({ ...config, layer: known[1](known[0], inner) });
  }
}

/** The weight that is normalised: the kernel of a dense or convolutional layer, its last axis being the output. */
function kernelOf(layer: Layer): Weight {
  const { kernel } = layer as unknown as { kernel?: Weight };
  if (kernel && kernel.shape.length >= 2) return kernel;
  throw new CrossmodalError(
    `spectralNormalization: the layer must have a kernel, as dense and conv2d have; ${layer.name} has none`,
  );
}

let registered = false;

/**
 * A layer whose kernel W [..., out] is divided by an estimate of the largest singular value of M = W as [rest, out], which
 * bounds the Lipschitz constant of a discriminator. Each training call runs rounds of the power iteration
 * v = n(u M^T), u = n(v M), n(x) = x / max(||x||, 1e-12), sigma = v M u^T; other calls use the stored u and v.
 *
 * @param layer a dense or convolutional layer, not used elsewhere
 * @throws CrossmodalError for a layer without a kernel
 * @see Miyato et al., Spectral normalization for generative adversarial networks (2018), algorithm 1 and eq. 12
 * @example
 * const layer = spectralNormalization(tf.layers.dense({ units: 64 }), { seed: 1 });
 */
export function spectralNormalization(layer: Layer, options: SpectralNormalizationOptions = {}): SpectralNormalization {
  if (!registered) tf.serialization.registerClass(SpectralNormalization);
  registered = true;
  return new SpectralNormalization({ ...options, layer });
}
