import { assertKnownOptions, requireOneOf } from '@crossmodal/core';
import { gradientReversal } from '@crossmodal/core/layers';
import { dannAnnealing, type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import { checkStrength } from './check-strength.js';
import { type AdapterOptions, type DomainAdapter, domainAdapter } from './domain-adapter.js';
import { type DomainReduction, domainAccuracy, domainCrossEntropy } from './domain-cross-entropy.js';
import { head } from './head.js';

export interface DannOptions extends AdapterOptions {
  /**
   * Strength of the gradient reversal: a number, or `dannAnnealing({ steps })`, the paper's rise from 0 to 1 over the run.
   * @default dannAnnealing({ steps: 2000 })
   */
  lambda?: number | Schedule;
  /**
   * Factor of the `minimumClassConfusion` of the target's predictions: a number or a schedule; 0 is the paper's DANN. The reversed
   * gradient alone can end below no adaptation at all: it pulls the target across the borders between classes where the
   * domain classifier stays right (RESULTS.md).
   * @default lambda
   */
  confusion?: number | Schedule;
  /**
   * Hidden layers of the domain classifier.
   * @default [100]
   */
  domainHidden?: readonly number[];
  /** @default 'concatenated' */
  domainReduction?: DomainReduction;
}

const optionNames: Record<keyof DannOptions, true> = {
  lambda: true,
  domainHidden: true,
  domainReduction: true,
  features: true,
  classes: true,
  seed: true,
  hidden: true,
  joint: true,
  confusion: true,
};

/**
 * Domain-adversarial training (DANN): a domain classifier learns to tell source from target features, and the extractor,
 * through a gradient reversal layer, learns features that it cannot tell apart, while the labels of the source keep them
 * useful.
 *
 * L = CE(label predictor(f(x_s)), y_s) + CE(domain classifier(R_lambda(f(x))), domain) + confusion * MCC(label predictor(f(x_t))),
 * where R is the identity forward and multiplies the gradient by -lambda; source 0, target 1; MCC is `minimumClassConfusion`, which the
 * paper has not: `confusion: 0` leaves it out. Reported terms: `classification`, `domain`, `domainAccuracy`, `confusion`.
 *
 * @throws CrossmodalError when `classes` or the extractor do not fit
 * @see Ganin and Lempitsky (2015), equations 4-9; Ganin et al. (2016), section 5.2.2, for the schedule of lambda; Jin et
 * al. (2020), equations 3-8, for the confusion, which they too add to other methods
 *
 * @example
 * const model = dann({ features: digitFeatures({ seed: 1 }), classes: 10, seed: 1 });
 * const step = trainStep(model, { optimizer: adam({ learningRate: 1e-3, beta1: 0.5 }) });
 */
export function dann(options: DannOptions): DomainAdapter {
  assertKnownOptions('dann', options, optionNames);
  const {
    lambda = dannAnnealing({ steps: 2000 }), // the paper's schedule, over a short run; after it, 1
    confusion = lambda, // measured on pairs of digits, RESULTS.md
    domainHidden = [100], // 800-100-2 on digits
    domainReduction = 'concatenated', // the paper's mean over both domains
    ...common
  } = options;
  requireOneOf('dann: domainReduction', domainReduction, ['concatenated', 'two-means']);
  checkStrength('dann', 'lambda', lambda);
  return domainAdapter('dann', { ...common, confusion }, ({ features }, random) => {
    const classifier = head('dann', { inputs: features, hidden: domainHidden, outputs: 2, random });
    return {
      compute({ source, target }) {
        const strength = scheduledScalar(lambda);
        const sourceLogits = classifier.apply(gradientReversal(source, { lambda: strength }));
        const targetLogits = classifier.apply(gradientReversal(target, { lambda: strength }));
        return {
          domain: domainCrossEntropy(sourceLogits, targetLogits, domainReduction),
          domainAccuracy: domainAccuracy(sourceLogits, targetLogits),
        };
      },
      namedVariables: () => classifier.namedVariables(),
      trainableVariables: () => classifier.trainableVariables(),
      dispose: () => classifier.dispose(),
    };
  });
}
