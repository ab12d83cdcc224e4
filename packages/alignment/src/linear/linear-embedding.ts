import {
  allocateWeights,
  assertBackend,
  assertKnownOptions,
  CrossmodalError,
  loadSavedModel,
  type ModelFiles,
  type NamedVariables,
  Random,
  requireInteger,
  type Savable,
  savedModelFiles,
} from '@crossmodal/core';
import type { Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

export interface LinearEmbeddingOptions {
  inputDimension: number;
  /** Length of the vectors that come out. */
  dimension: number;
  /** @default true */
  bias?: boolean;
  seed: number | Random;
}

/** y = x W + b, with trainable W and b. */
export interface LinearEmbedding extends Savable {
  readonly inputDimension: number;
  readonly dimension: number;
  /** [rows, inputDimension] to [rows, dimension]. */
  apply(x: Tensor2D): Tensor2D;
  namedVariables(): NamedVariables;
  trainableVariables(): Variable[];
  /** For `saveFolder` of `@crossmodal/core/models`; `loadLinearEmbedding` loads them. */
  files: Savable['files'];
  dispose(): void;
}

const optionNames: Record<keyof LinearEmbeddingOptions, true> = {
  inputDimension: true,
  dimension: true,
  bias: true,
  seed: true,
};

/**
 * A linear map into the shared space: y = x W + b, W drawn from N(0, 1 / inputDimension), b = 0.
 *
 * @throws CrossmodalError when a dimension is not a positive integer
 * @see Radford et al. (2021), whose projections have this standard deviation and no bias
 *
 * @example
 * const projection = linearEmbedding({ inputDimension: 512, dimension: 64, seed: 1 });
 */
export function linearEmbedding(options: LinearEmbeddingOptions): LinearEmbedding {
  assertKnownOptions('linearEmbedding', options, optionNames);
  const {
    inputDimension,
    dimension,
    bias = true, // the affine map of the field's textbooks; CLIP leaves the bias out
    seed,
  } = options;
  assertBackend('linearEmbedding');
  for (const [name, size] of Object.entries({ inputDimension, dimension })) {
    requireInteger(`linearEmbedding: ${name}`, size);
  }
  const random = seed instanceof Random ? seed : new Random(seed);
  const values = allocateWeights([inputDimension, dimension]);
  random.fillNormal(values);
  const deviation = inputDimension ** -0.5;
  const weight = tf.tidy(() => tf.variable(tf.mul(tf.tensor2d(values, [inputDimension, dimension]), deviation)));
  const offset = bias ? tf.tidy(() => tf.variable(tf.zeros([dimension]))) : undefined;
  const variables: NamedVariables = offset ? { weight, bias: offset } : { weight };
  return {
    inputDimension,
    dimension,
    apply(x) {
      if (x.rank !== 2 || x.shape[1] !== inputDimension) {
        throw new CrossmodalError(`linearEmbedding: x must have shape [rows, ${inputDimension}], got [${x.shape}]`);
      }
      return tf.tidy(() => {
        const y = tf.matMul(x, weight as unknown as Tensor2D) as Tensor2D;
        return offset ? tf.add(y, offset as unknown as Tensor1D) : y;
      });
    },
    namedVariables: () => ({ ...variables }),
    trainableVariables: () => Object.values(variables),
    // The weights are all that the seed made.
    files: (settings) =>
      savedModelFiles(
        { type: 'linearEmbedding', options: { inputDimension, dimension, bias, seed: 0 } },
        variables,
        settings,
      ),
    dispose: () => tf.dispose(variables),
  };
}

/**
 * Loads a linear embedding that was saved, such as an adapter behind a frozen encoder.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const projection = await loadLinearEmbedding(await openFolder('models/projection'));
 */
export function loadLinearEmbedding(files: ModelFiles): Promise<LinearEmbedding> {
  return loadSavedModel(
    files,
    { linearEmbedding: (options) => linearEmbedding(options as unknown as LinearEmbeddingOptions) },
    { where: 'loadLinearEmbedding' },
  );
}
