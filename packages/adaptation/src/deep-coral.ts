import { assertKnownOptions } from '@crossmodal/core';
import type { Schedule } from '@crossmodal/core/schedules';
import { coral } from '@crossmodal/losses';
import { distanceTerm, type MatchedLayer } from './distance-term.js';
import { type AdapterOptions, type DomainAdapter, domainAdapter } from './domain-adapter.js';

export interface DeepCoralOptions extends AdapterOptions {
  /**
   * Factor of the distance: a number or a schedule.
   * @default 1
   */
  weight?: number | Schedule;
  /**
   * What is made alike: features, logits, or both.
   * @default ['features']
   */
  match?: readonly MatchedLayer[];
}

const optionNames: Record<keyof DeepCoralOptions, true> = {
  weight: true,
  match: true,
  features: true,
  classes: true,
  seed: true,
  hidden: true,
  joint: true,
  confusion: true,
};

/**
 * Deep CORAL: source and target features are made alike in their covariances.
 *
 * L = CE(label predictor(f(x_s)), y_s) + weight * ||C_s - C_t||_F^2 / (4 d^2), C the covariances of f(x_s) and f(x_t).
 * Reported terms: `classification`, `domain` (weighted), `distance` (not weighted).
 *
 * @throws CrossmodalError when `classes` or the extractor do not fit
 * @see Sun and Saenko (2016), Deep CORAL, equations 1 and 7
 *
 * @example
 * const model = deepCoral({ features: digitFeatures({ seed: 1 }), classes: 10, seed: 1, weight: 10 });
 */
export function deepCoral(options: DeepCoralOptions): DomainAdapter {
  assertKnownOptions('deepCoral', options, optionNames);
  const {
    weight = 1, // the paper sets it so that both losses end up alike
    match = ['features'],
    ...common
  } = options;
  return domainAdapter('deepCoral', common, () =>
    distanceTerm('deepCoral', (source, target) => coral(source, target), { weight, match }),
  );
}
