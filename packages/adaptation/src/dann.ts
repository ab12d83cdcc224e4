import { assertKnownOptions, requireOneOf } from '@crossmodal/core';
import { gradientReversal } from '@crossmodal/core/layers';
import { type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import { checkStrength } from './check-strength.js';
import { type AdapterOptions, type DomainAdapter, domainAdapter } from './domain-adapter.js';
import { type DomainReduction, domainAccuracy, domainCrossEntropy } from './domain-cross-entropy.js';
import { head } from './head.js';

export interface DannOptions extends AdapterOptions {
  /** Strength of the gradient reversal: a number, or `dannAnnealing({ steps })`, the paper's rise from 0 to 1. */
  lambda: number | Schedule;
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
 * L = CE(label predictor(f(x_s)), y_s) + CE(domain classifier(R_lambda(f(x))), domain), where R is the identity forward and
 * multiplies the gradient by -lambda; source 0, target 1. Reported terms: `classification`, `domain`, `domainAccuracy`.
 *
 * @throws CrossmodalError when `classes` or the extractor do not fit
 * @see Ganin and Lempitsky (2015), equations 4-9; Ganin et al. (2016), section 5.2.2, for the schedule of lambda
 *
 * @example
 * const model = dann({
 *   features: digitFeatures({ seed: 1 }), classes: 10, seed: 1, lambda: dannAnnealing({ steps: 2000 }),
 * });
 * const step = trainStep(model, { optimizer: adam({ learningRate: 1e-3 }) });
 */
export function dann(options: DannOptions): DomainAdapter {
  assertKnownOptions('dann', options, optionNames);
  const {
    lambda,
    domainHidden = [100], // 800-100-2 on digits
    domainReduction = 'concatenated', // the paper's mean over both domains
    ...common
  } = options;
  requireOneOf('dann: domainReduction', domainReduction, ['concatenated', 'two-means']);
  checkStrength('dann', 'lambda', lambda);
  return domainAdapter('dann', common, ({ features }, random) => {
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
