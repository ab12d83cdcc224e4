import { assertKnownOptions } from '@crossmodal/core';
import { type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkStrength } from './check-strength.js';
import { type AdapterOptions, type DomainAdapter, domainAdapter } from './domain-adapter.js';
import {
  checkTemperature,
  type MinimumClassConfusionOptions,
  minimumClassConfusion,
} from './minimum-class-confusion.js';

export interface MccOptions extends Omit<AdapterOptions, 'confusion'>, MinimumClassConfusionOptions {
  /**
   * Factor of the confusion: a number or a schedule.
   * @default 1
   */
  weight?: number | Schedule;
}

const optionNames: Record<keyof MccOptions, true> = {
  weight: true,
  temperature: true,
  features: true,
  classes: true,
  seed: true,
  hidden: true,
  joint: true,
};

/**
 * Adaptation by minimum class confusion (MCC): on the target the classifier shall not waver between classes. There is no
 * adversary and no distance between domains.
 *
 * L = CE(label predictor(f(x_s)), y_s) + weight * `minimumClassConfusion`(label predictor(f(x_t))). Reported terms:
 * `classification`, `domain` (weighted), `confusion` (not weighted).
 *
 * @throws CrossmodalError when `classes` or the extractor do not fit
 * @see Jin et al. (2020), equation 9
 *
 * @example
 * const model = mcc({ features: digitFeatures({ seed: 1 }), classes: 10, seed: 1 });
 */
export function mcc(options: MccOptions): DomainAdapter {
  assertKnownOptions('mcc', options, optionNames);
  const {
    weight = 1, // the paper, section 4.1
    temperature = 2.5, // the paper, section 4.1
    ...common
  } = options;
  checkStrength('mcc', 'weight', weight);
  checkTemperature('mcc', temperature);
  return domainAdapter('mcc', common, () => ({
    compute({ targetLogits }) {
      const confusion = minimumClassConfusion(targetLogits(), { temperature });
      return { confusion, domain: tf.mul(confusion, scheduledScalar(weight)) as Scalar };
    },
    namedVariables: () => ({}),
    trainableVariables: () => [],
    dispose() {},
  }));
}
