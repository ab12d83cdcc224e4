import { assertKnownOptions, type LossTerms } from '@crossmodal/core';
import { type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { requireNumber, requireThat, shapeOf } from '../internal/validate.js';
import type { UncertaintyWeights } from './uncertainty-weights.js';

/** A part of the cost: from whatever a step computed (embeddings, logits, labels) to a scalar. */
export type CostTerm<Inputs> = (inputs: Inputs) => Scalar;

/** A fixed number, a scalar tensor or variable, or a value per step. */
export type CostWeight = number | Scalar | Schedule;

type Terms<Inputs> = Readonly<Record<string, CostTerm<Inputs>>>;

export interface CrossModalCostOptions<Inputs> {
  /**
   * L_unimodal(i): one or more terms per modality, such as `crossEntropy` or a reconstruction.
   * @default {}
   */
  unimodal?: Terms<Inputs>;
  /**
   * L_crossmodal: terms that join modalities, such as `infoNce`.
   * @default {}
   */
  crossModal?: Terms<Inputs>;
  /**
   * Such as `semanticSimilarity`, `alignmentAngle`, `klStandardNormal`, `modalityAdversary`. Never weighted by `learned`.
   * @default {}
   */
  regularisers?: Terms<Inputs>;
  /**
   * The weight of all cross-modal terms.
   * @default 1
   */
  lambda?: CostWeight;
  /**
   * Weights of single terms by name, 1 by default. `new GradientBalance(...).weights` fits here.
   * @default {}
   */
  weights?: Readonly<Record<string, CostWeight>>;
  /** Learned weights for the unimodal and cross-modal terms that it names, on top of the others. */
  learned?: UncertaintyWeights;
}

export interface CostEvaluationOptions {
  /** Only these terms, by name: alternating optimisation takes them in turn. The others are not computed. */
  only?: readonly string[];
  /** The step at which schedules are read. Inside a training step of core it is known, also when the step is compiled. */
  step?: number;
}

/** The weighted total as `loss`, and every term before weighting under its own name. */
export type CostResult = LossTerms;

/** A cost made by {@link crossModalCost}. */
export interface CrossModalCost<Inputs> {
  (inputs: Inputs, options?: CostEvaluationOptions): CostResult;
  /** The names of all terms. */
  readonly names: readonly string[];
}

/**
 * Builds the cost of a model of several modalities from named terms, and reports each.
 *
 * L_total = sum_i w_i L_unimodal(i) + lambda sum_j w_j L_crossmodal(j) + sum_k w_k R_k.
 *
 * The result is what core's `trainStep` takes as `loss`. Weights are numbers, tensors, or schedules, which a compiled step reads anew at
 * every step; or learned (`UncertaintyWeights`), or balanced (`GradientBalance`). Joint optimisation: call it. Alternating: call it with
 * `only`, for instance as the objectives of a model for core's `alternatingStep`.
 *
 * @throws CrossmodalError when there is no term, a name repeats or is `loss`, or a weight has no term
 * @see Baltrusaitis et al., 2019, Multimodal Machine Learning: A Survey and Taxonomy, section 5 (coordinated representations)
 * @example
 * const cost = crossModalCost({
 *   unimodal: { classify: ({ logits, labels }) => crossEntropy(logits, labels) },
 *   crossModal: { nce: ({ image, text }) => infoNce(image, text) },
 *   regularisers: { angle: ({ image, text }) => alignmentAngle(image, text) },
 *   lambda: 0.5,
 *   weights: { angle: 0.1 },
 * });
 * const { loss, nce } = cost({ image, text, logits, labels });
 */
export function crossModalCost<Inputs>({
  unimodal = {},
  crossModal = {},
  regularisers = {},
  lambda = 1,
  weights = {},
  learned,
  ...others
}: CrossModalCostOptions<Inputs>): CrossModalCost<Inputs> {
  assertKnownOptions('crossModalCost', others, [
    'unimodal',
    'crossModal',
    'regularisers',
    'lambda',
    'weights',
    'learned',
  ]);

  const names = [unimodal, crossModal, regularisers].flatMap((group) => Object.keys(group));
  check(names, Object.keys(weights), learned?.names ?? [], Object.keys(regularisers));
  for (const [name, weight] of Object.entries({ ...weights, lambda })) {
    if (typeof weight === 'number') requireNumber('crossModalCost', `weight ${name}`, weight);
  }

  const evaluate = (inputs: Inputs, { only, step, ...others }: CostEvaluationOptions = {}): CostResult => {
    assertKnownOptions('crossModalCost.evaluate', others, ['only', 'step']);
    for (const name of only ?? []) requireKnown('only', name, names);
    requireThat(only?.length !== 0, 'crossModalCost', () => 'only must name at least one term, got none');
    return tf.tidy(() => {
      const terms: Record<string, Scalar> = {};
      const parts: Scalar[] = [];
      const addTerms = (group: Terms<Inputs>, factor: CostWeight, mayLearn: boolean) => {
        for (const [name, term] of Object.entries(group)) {
          if (only && !only.includes(name)) continue;
          const value = tf.tidy(() => tf.clone(term(inputs)));
          requireThat(
            value.rank === 0,
            'crossModalCost',
            () => `term ${name} must be a scalar, got shape ${shapeOf(value)}`,
          );
          terms[name] = value;
          const scaled = mayLearn && learned?.names.includes(name) ? learned.apply(name, value) : value;
          parts.push(weigh(weigh(scaled, weights[name] ?? 1, step), factor, step));
        }
      };
      addTerms(unimodal, 1, true);
      addTerms(crossModal, lambda, true);
      addTerms(regularisers, 1, false);
      return { ...terms, loss: parts.length === 1 ? tf.clone(parts[0] as Scalar) : tf.addN(parts) } as CostResult;
    });
  };
  return Object.assign(evaluate, { names });
}

function weigh(value: Scalar, weight: CostWeight, step: number | undefined): Scalar {
  if (weight === 1) return value;
  if (typeof weight !== 'function') return tf.mul(value, weight);
  return tf.mul(value, step === undefined ? scheduledScalar(weight) : weight(step));
}

function check(names: string[], weighted: string[], learned: string[], regularisers: string[]): void {
  requireThat(names.length > 0, 'crossModalCost', () => 'at least one term is needed, got none');
  requireThat(
    new Set(names).size === names.length,
    'crossModalCost',
    () => `names of terms must differ, got ${names.join(', ')}`,
  );
  requireThat(
    !names.includes('loss'),
    'crossModalCost',
    () => 'no term may be called loss, which is the name of the total',
  );
  for (const name of weighted) requireKnown('weights', name, names);
  for (const name of learned) {
    requireKnown('learned', name, names);
    requireThat(
      !regularisers.includes(name),
      'crossModalCost',
      () => `learned must not name a regulariser, got ${name}`,
    );
  }
}

function requireKnown(where: string, name: string, names: readonly string[]): void {
  requireThat(
    names.includes(name),
    'crossModalCost',
    () => `${where} names ${name}, the terms are ${names.join(', ')}`,
  );
}
