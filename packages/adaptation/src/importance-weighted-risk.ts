import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { meanAndDeviation, type Numbers } from '@crossmodal/core/metrics';

export interface ImportanceWeightedRiskOptions {
  /**
   * Takes off what the weights' own deviation from a mean of 1 explains, which makes the estimate less noisy.
   * @default true
   */
  controlVariate?: boolean;
}

/** Numbers of an array or a tensor, each checked. */
function numbers(name: string, values: Numbers): number[] {
  const list = Array.from('dataSync' in values ? (values.dataSync() as ArrayLike<number>) : values);
  const wrong = list.find((value) => !Number.isFinite(value));
  if (wrong !== undefined)
    throw new CrossmodalError(`importanceWeightedRisk: ${name} must be finite numbers, got ${wrong}`);
  return list;
}

/**
 * What a classifier would lose on the target, estimated from labelled items of the source that count the more, the more they
 * look like the target. Of several models or hyperparameters the one with the lowest risk is chosen.
 *
 * R = 1/n sum_i w_i l_i, w the density ratio p_target / p_source at item i (see `densityRatios`); with the control variate
 * (deep embedded validation) R + eta (1/n sum_i w_i - 1), eta = -Cov(w l, w) / Var(w).
 *
 * @param losses of held-out source items, [n]: cross entropies, or 1 for a wrong answer and 0 for a right one
 * @param weights density ratios of the same items, [n], not negative
 * @throws CrossmodalError when there is no item, lengths differ, or a weight is negative
 * @see Sugiyama et al. (2007), Covariate shift adaptation by importance weighted cross validation, equation 3; You et al. (2019),
 *   Towards accurate model selection in deep unsupervised domain adaptation, algorithm 1
 *
 * @example
 * const risk = importanceWeightedRisk([0, 1, 0, 1], [1.5, 0.2, 1.9, 0.4]);
 */
export function importanceWeightedRisk(
  losses: Numbers,
  weights: Numbers,
  options: ImportanceWeightedRiskOptions = {},
): number {
  assertKnownOptions('importanceWeightedRisk', options, ['controlVariate']);
  const { controlVariate = true /* You et al. */ } = options;
  const l = numbers('losses', losses);
  const w = numbers('weights', weights);
  if (l.length === 0 || l.length !== w.length) {
    throw new CrossmodalError(
      `importanceWeightedRisk: losses and weights must have equal length, at least 1, got ${l.length} and ${w.length}`,
    );
  }
  const negative = w.find((weight) => weight < 0);
  if (negative !== undefined)
    throw new CrossmodalError(`importanceWeightedRisk: weights must not be negative, got ${negative}`);
  const weighted = l.map((loss, i) => loss * (w[i] as number));
  const risk = meanAndDeviation(weighted).mean;
  const { mean, deviation } = meanAndDeviation(w);
  // Equal weights explain nothing.
  if (!controlVariate || deviation === 0) return risk;
  const covariance =
    weighted.reduce((sum, value, i) => sum + (value - risk) * ((w[i] as number) - mean), 0) / (w.length - 1);
  return risk - (covariance / deviation ** 2) * (mean - 1);
}
