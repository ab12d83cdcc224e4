import { assertKnownOptions, CrossmodalError, isTraining, type Trainable } from '@crossmodal/core';
import { type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkStrength } from './check-strength.js';
import { adaptedModalities, type CrossDomainBatch, type EmbeddingModel, eachDomain } from './cross-domain.js';

export interface ContrastiveDiscrepancyOptions<Modality extends string, Extras extends object> {
  model: EmbeddingModel<Modality, Extras>;
  /** How far two samples of embeddings [rows, dimension] are apart: `mmd` or `coral` of `@crossmodal/losses`. */
  distance: (source: Tensor2D, target: Tensor2D) => Scalar;
  /** Factor of the distance: a number, or `dannAnnealing({ steps })`. */
  weight: number | Schedule;
  /**
   * Modalities whose embeddings are made alike in both domains; those whose appearance changes.
   * @default model.modalities
   */
  adapted?: readonly Modality[];
}

const optionNames: Record<keyof ContrastiveDiscrepancyOptions<string, object>, true> = {
  model: true,
  distance: true,
  weight: true,
  adapted: true,
};

/**
 * Contrastive training with a distance in place of the adversary of `contrastiveAdversarial`: paired samples of the source teach
 * which image belongs to which text, unpaired ones of the target shall have embeddings of the same distribution.
 *
 * L = L_contrastive(source pairs) + weight * sum_m distance(z_m of the source, z_m of the target). Reported terms: `contrastive` and
 * those of the model, `distance/m` (not weighted) for each adapted modality.
 *
 * Each domain is normalised by its own batch statistics; the moving statistics of an adapted modality, with which the model is used
 * afterwards, are those of the target.
 *
 * @throws CrossmodalError when an adapted modality is unknown, or a batch lacks one in either domain
 * @see Long et al. (2015), equations 4-6, for MMD; Sun and Saenko (2016), equation 1, for CORAL
 *
 * @example
 * const joint = contrastiveDiscrepancy({ model: dual, distance: (a, b) => mmd(a, b), weight: 1, adapted: ['image'] });
 * const step = trainStep(joint, { optimizer: adamW({ learningRate: 1e-3 }) });
 */
export function contrastiveDiscrepancy<Modality extends string, Extras extends object>(
  options: ContrastiveDiscrepancyOptions<Modality, Extras>,
): Trainable<CrossDomainBatch<Modality, Extras>> {
  assertKnownOptions('contrastiveDiscrepancy', options, optionNames);
  const { model, distance, weight, adapted = model.modalities } = options;
  checkStrength('contrastiveDiscrepancy', 'weight', weight);
  if (typeof distance !== 'function') {
    throw new CrossmodalError(`contrastiveDiscrepancy: distance must be a function, got ${typeof distance}`, {
      remedy: 'pass (source, target) => mmd(source, target)',
    });
  }
  const names = adaptedModalities('contrastiveDiscrepancy', model, adapted);
  return {
    loss(batch, options) {
      const training = isTraining('contrastiveDiscrepancy.loss', options);
      return tf.tidy(() => {
        const { contrastive, terms, embeddings } = eachDomain('contrastiveDiscrepancy', model, batch, {
          names,
          training,
        });
        let total = contrastive;
        for (const [name, { source, target }] of embeddings) {
          const apart = distance(source, target);
          terms[`distance/${name}`] = apart;
          total = tf.add(total, tf.mul(apart, scheduledScalar(weight))) as Scalar;
        }
        return { ...terms, contrastive: tf.clone(contrastive), loss: total };
      });
    },
    namedVariables: () => model.namedVariables(),
  };
}
