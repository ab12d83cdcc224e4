import { CrossmodalError } from '@crossmodal/core';
import { type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkStrength } from './check-strength.js';
import type { DomainContext, DomainTerm } from './domain-adapter.js';

/** Where in the network the domains are compared. */
export type MatchedLayer = 'features' | 'logits';

/** A domain term without weights of its own: a distance between the two samples of features. */
export function distanceTerm(
  caller: string,
  distance: (source: Tensor2D, target: Tensor2D) => Scalar,
  { weight, match }: { weight: number | Schedule; match: readonly MatchedLayer[] },
): DomainTerm {
  checkStrength(caller, 'weight', weight);
  const unknown = match.find((layer) => layer !== 'features' && layer !== 'logits');
  if (match.length === 0 || unknown !== undefined) {
    throw new CrossmodalError(`${caller}: match must list 'features', 'logits' or both, got [${match}]`);
  }
  const of = (layer: MatchedLayer, { source, target, sourceLogits, targetLogits }: DomainContext): Scalar =>
    layer === 'features' ? distance(source, target) : distance(sourceLogits, targetLogits());
  return {
    compute(context) {
      const total = match.map((layer) => of(layer, context)).reduce((sum, next) => tf.add(sum, next) as Scalar);
      return { distance: total, domain: tf.mul(total, scheduledScalar(weight)) as Scalar };
    },
    namedVariables: () => ({}),
    trainableVariables: () => [],
    dispose() {},
  };
}
