import { assertKnownOptions, requireOneOf } from '@crossmodal/core';
import { dannAnnealing, type Schedule } from '@crossmodal/core/schedules';
import { gaussianKernel, type Kernel, type MmdEstimator, mmd } from '@crossmodal/losses';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import { distanceTerm, type MatchedLayer } from './distance-term.js';
import { type AdapterOptions, type DomainAdapter, domainAdapter } from './domain-adapter.js';

export interface DanOptions extends AdapterOptions {
  /**
   * Factor of the distance: a number or a schedule. The distance does not depend on the scale of the features: at full strength
   * from the first step on it can make those of an untrained network constant before they mean anything.
   * @default dannAnnealing({ steps: 2000 })
   */
  weight?: number | Schedule;
  /** @default multiKernel() */
  kernel?: Kernel;
  /** @default 'biased' */
  estimator?: MmdEstimator;
  /**
   * What is made alike: features, logits, or both.
   * @default ['features']
   */
  match?: readonly MatchedLayer[];
}

/** The five Gaussian kernels of DAN: bandwidths 1/4, 1/2, 1, 2, 4 times the mean squared distance. */
const multiKernel = (): Kernel => gaussianKernel({ sigma: 'mean', factors: [0.5, Math.SQRT1_2, 1, Math.SQRT2, 2] });

const optionNames: Record<keyof DanOptions, true> = {
  weight: true,
  kernel: true,
  estimator: true,
  match: true,
  features: true,
  classes: true,
  seed: true,
  hidden: true,
  joint: true,
  confusion: true,
};

/**
 * Deep adaptation network (DAN): source and target features are made alike by minimising their multi-kernel maximum mean
 * discrepancy.
 *
 * L = CE(label predictor(f(x_s)), y_s) + weight * MMD^2(f(x_s), f(x_t)). Reported terms: `classification`, `domain` (weighted),
 * `distance` (not weighted).
 *
 * @throws CrossmodalError when `classes` or the extractor do not fit
 * @see Long et al. (2015), Learning transferable features with deep adaptation networks, equations 4-6
 *
 * @example
 * const model = dan({ features: digitFeatures({ seed: 1 }), classes: 10, seed: 1 });
 */
export function dan(options: DanOptions): DomainAdapter {
  assertKnownOptions('dan', options, optionNames);
  const {
    // tllib's 1, but in the end only: from the start on it makes the features of an untrained network constant
    weight = dannAnnealing({ steps: 2000 }),
    kernel = multiKernel(), // the paper's
    estimator = 'biased', // never negative; the paper's linear-time form is noisier at usual batch sizes
    match = ['features'],
    ...common
  } = options;
  requireOneOf('dan: estimator', estimator, ['biased', 'unbiased', 'linear-time']);
  const distance = (source: Tensor2D, target: Tensor2D): Scalar => mmd(source, target, { kernel, estimator });
  return domainAdapter('dan', common, () => distanceTerm('dan', distance, { weight, match }));
}
