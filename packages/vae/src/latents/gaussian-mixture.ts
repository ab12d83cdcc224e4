import { assertKnownOptions, CrossmodalError, Random, randomNormal, requireInteger } from '@crossmodal/core';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import {
  disposeComponent,
  drawn,
  type GaussianComponent,
  gaussianComponent,
  logDensityOf,
} from './gaussian-component.js';
import { initialMeans } from './initial-means.js';
import { checkLatents, checkPoints, type LatentDistribution } from './latent-distribution.js';
import { momentsOf } from './moments.js';

export interface GaussianMixtureOptions {
  /**
   * Gaussians in the mixture.
   * @default 10
   */
  components?: number;
  /** Means to begin from, [components, dimension]; by default rows chosen by k-means++. */
  initialMeans?: Tensor2D;
  /**
   * Most rounds of expectation and maximisation.
   * @default 100
   */
  iterations?: number;
  /**
   * The rounds end when the mean log likelihood of a row rises by less than this.
   * @default 1e-3
   */
  tolerance?: number;
  /**
   * Added to the variances.
   * @default 1e-6
   */
  regularisation?: number;
  /** @default 0 */
  seed?: number | string;
}

/** A mixture that was fitted, and how the fit went. */
export interface GaussianMixture extends LatentDistribution {
  /** One per component, of sum one. */
  readonly weights: readonly number[];
  readonly means: readonly (readonly number[])[];
  readonly covariances: readonly (readonly (readonly number[])[])[];
  /** Mean log likelihood of a row before each round. */
  readonly logLikelihoods: readonly number[];
  /** Whether it rose by less than the tolerance in the end. */
  readonly converged: boolean;
}

const optionNames: Record<keyof GaussianMixtureOptions, true> = {
  components: true,
  initialMeans: true,
  iterations: true,
  tolerance: true,
  regularisation: true,
  seed: true,
};

interface Parameters {
  weights: number[];
  means: number[][];
  covariances: number[][][];
}

/**
 * A mixture of Gaussians with full covariances, fitted to latents by expectation maximisation: p(z) = sum_k w_k N(z; m_k, C_k).
 * It follows clusters of the data, between which the prior draws latents that the decoder has never seen. It begins with equal
 * weights and the covariance of all latents.
 *
 * @param latents [rows, dimension], such as draws of the posterior of training data
 * @throws CrossmodalError for another shape, fewer rows than components, settings out of range, singular covariances
 * @see Dempster, Laird and Rubin (1977); Ghosh et al., From variational to deterministic autoencoders (2020), section 4
 * @example
 * const latents = await fitGaussianMixture(model.posterior(train).mean, { components: 10, seed: 1 });
 * const drawings = model.sample(16, { random, latents });
 */
export async function fitGaussianMixture(
  latents: Tensor2D,
  options: GaussianMixtureOptions = {},
): Promise<GaussianMixture> {
  assertKnownOptions('fitGaussianMixture', options, optionNames);
  const {
    components = 10, // Ghosh et al., section 4
    initialMeans: start,
    iterations = 100, // scikit-learn's GaussianMixture
    tolerance = 1e-3, // scikit-learn's GaussianMixture
    regularisation = 1e-6, // scikit-learn's GaussianMixture
    seed = 0,
  } = options;
  requireInteger('fitGaussianMixture: components', components);
  requireInteger('fitGaussianMixture: iterations', iterations);
  if (!(tolerance >= 0) || !(regularisation >= 0)) {
    throw new CrossmodalError(
      `fitGaussianMixture: tolerance and regularisation must not be negative, got ${tolerance} and ${regularisation}`,
    );
  }
  checkLatents('fitGaussianMixture', latents, { least: components });
  const dimension = latents.shape[1];
  if (start && (start.shape[0] !== components || start.shape[1] !== dimension)) {
    throw new CrossmodalError(
      `fitGaussianMixture: initialMeans must be [${components}, ${dimension}], got [${start.shape}]`,
    );
  }
  const { covariance } = await momentsOf(latents, { caller: 'fitGaussianMixture', regularisation });
  let parameters: Parameters = {
    weights: new Array<number>(components).fill(1 / components),
    means: start ? await start.array() : initialMeans(await latents.array(), components, new Random(seed)),
    covariances: new Array<number[][]>(components).fill(covariance),
  };
  const logLikelihoods: number[] = [];
  let converged = false;
  for (let round = 0; round < iterations && !converged; round++) {
    const { next, logLikelihood } = await improved(latents, parameters, regularisation);
    converged = logLikelihood - (logLikelihoods.at(-1) ?? Number.NEGATIVE_INFINITY) < tolerance;
    logLikelihoods.push(logLikelihood);
    parameters = next;
  }
  return { ...distribution(parameters), ...parameters, logLikelihoods, converged };
}

const componentsOf = ({ means, covariances }: Parameters): GaussianComponent[] =>
  means.map((mean, k) => gaussianComponent('fitGaussianMixture', mean, covariances[k] as number[][]));

/** log w_k + log N(z; m_k, C_k): [components, batch]. */
function jointLogDensity(components: readonly GaussianComponent[], weights: readonly number[], z: Tensor2D): Tensor2D {
  return tf.tidy(
    () =>
      tf.stack(components.map((each, k) => tf.add(logDensityOf(each, z), Math.log(weights[k] as number)))) as Tensor2D,
  );
}

/** One round: the share of each component in each row, then the weights, means and covariances under these shares. */
async function improved(
  latents: Tensor2D,
  parameters: Parameters,
  regularisation: number,
): Promise<{ next: Parameters; logLikelihood: number }> {
  const components = componentsOf(parameters);
  const [rows, dimension] = latents.shape;
  const results = tf.tidy(() => {
    const joint = jointLogDensity(components, parameters.weights, latents);
    const shares = tf.softmax(tf.transpose(joint)); // [rows, components]
    const counts = tf.add(tf.sum(shares, 0), 1e-6) as Tensor1D; // a component that no row belongs to stays finite
    const means = tf.div(tf.matMul(shares, latents, true), tf.expandDims(counts, 1)) as Tensor2D;
    const covariances = tf.unstack(means).map((mean, k) => {
      const deviations = tf.sub(latents, mean) as Tensor2D;
      const weighted = tf.mul(deviations, tf.slice(shares, [0, k], [rows, 1])) as Tensor2D;
      const covariance = tf.div(tf.matMul(weighted, deviations, true), tf.slice(counts, k, 1));
      return tf.add(covariance, tf.mul(regularisation, tf.eye(dimension)));
    });
    return {
      logLikelihood: tf.mean(tf.logSumExp(joint, 0)),
      counts,
      means,
      covariances: tf.stack(covariances) as tf.Tensor3D,
    };
  });
  for (const component of components) disposeComponent(component);
  const [logLikelihood, counts, means, covariances] = await Promise.all([
    results.logLikelihood.array() as Promise<number>,
    results.counts.array(),
    results.means.array(),
    results.covariances.array(),
  ]);
  tf.dispose(results);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return { next: { weights: counts.map((count) => count / total), means, covariances }, logLikelihood };
}

function distribution(parameters: Parameters): LatentDistribution {
  const { weights, means } = parameters;
  const components = componentsOf(parameters);
  const dimension = (means[0] as number[]).length;
  return {
    dimension,
    sample: (count, { random, ...others }) =>
      tf.tidy(() => {
        assertKnownOptions('latents.sample', others, ['random']);
        const chosen = Array.from({ length: count }, () => indexOf(weights, random.uniform()));
        const noise = randomNormal<Tensor2D>([count, dimension], { random });
        // All rows of one component together, then back into the order in which they were chosen.
        const rowsOf = components.map((_, k) => [...chosen.keys()].filter((row) => chosen[row] === k));
        const parts = components.flatMap((component, k) => {
          const own = rowsOf[k] as number[];
          return own.length === 0 ? [] : [drawn(component, tf.gather(noise, tf.tensor1d(own, 'int32')))];
        });
        const places = new Int32Array(count);
        for (const [place, row] of rowsOf.flat().entries()) places[row] = place;
        return tf.gather(tf.concat(parts, 0), tf.tensor1d(places, 'int32')) as Tensor2D;
      }),
    logDensity(z) {
      checkPoints('logDensity', z, dimension);
      return tf.tidy(() => tf.logSumExp(jointLogDensity(components, weights, z), 0) as Tensor1D);
    },
    dispose() {
      for (const component of components) disposeComponent(component);
    },
  };
}

/** The component into whose share of [0, 1) a uniform draw falls. */
function indexOf(weights: readonly number[], uniform: number): number {
  let left = uniform;
  const index = weights.findIndex((weight) => {
    left -= weight;
    return left < 0;
  });
  return index < 0 ? weights.length - 1 : index;
}
