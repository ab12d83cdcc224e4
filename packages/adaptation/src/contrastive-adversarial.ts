import {
  assertKnownOptions,
  isTraining,
  type NamedVariables,
  prefixed,
  Random,
  requireOneOf,
  type Trainable,
} from '@crossmodal/core';
import { gradientReversal } from '@crossmodal/core/layers';
import { type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkStrength } from './check-strength.js';
import { adaptedModalities, type CrossDomainBatch, type EmbeddingModel, eachDomain } from './cross-domain.js';
import { type DomainReduction, domainAccuracy, domainCrossEntropy } from './domain-cross-entropy.js';
import { type Head, head } from './head.js';

export interface ContrastiveAdversarialOptions<Modality extends string, Extras extends object> {
  model: EmbeddingModel<Modality, Extras>;
  seed: number;
  /** Strength of the gradient reversal: a number, or `dannAnnealing({ steps })`. */
  lambda: number | Schedule;
  /**
   * Modalities whose embeddings are made alike in both domains; those whose appearance changes.
   * @default model.modalities
   */
  adapted?: readonly Modality[];
  /**
   * Hidden layers of the domain classifiers.
   * @default [100]
   */
  hidden?: readonly number[];
  /** @default 'concatenated' */
  domainReduction?: DomainReduction;
}

/** A model that exposes its embeddings, with a domain classifier on them; a model for `trainStep`. */
export interface ContrastiveAdversarial<Modality extends string, Extras extends object>
  extends Trainable<CrossDomainBatch<Modality, Extras>> {
  /** Of the model and the domain classifiers. */
  trainableVariables(): Variable[];
  namedVariables(): NamedVariables;
  /** Frees the domain classifiers; the model stays. */
  dispose(): void;
}

const optionNames: Record<keyof ContrastiveAdversarialOptions<string, object>, true> = {
  model: true,
  seed: true,
  lambda: true,
  adapted: true,
  hidden: true,
  domainReduction: true,
};

/**
 * Contrastive and adversarial training combined: paired samples of the source teach which image belongs to which text, unpaired
 * samples of the target teach, through a gradient reversal, to embed both domains alike.
 *
 * L = L_contrastive(source pairs) + sum_m CE(domain classifier_m(R_lambda(z_m)), domain), z_m the embeddings of modality m in
 * both domains; R multiplies the gradient by -lambda, so the embeddings see -lambda times the domain loss. Reported terms:
 * `contrastive` and those of the model, `domain/m` and `domainAccuracy/m` for each adapted modality.
 *
 * Each domain is normalised by its own batch statistics; the moving statistics of an adapted modality, with which the model is used
 * afterwards, are those of the target.
 *
 * @throws CrossmodalError when an adapted modality is unknown, or a batch lacks one in either domain
 * @see Ganin and Lempitsky (2015), equations 4-9; Radford et al. (2021), figure 3
 *
 * @example
 * const joint = contrastiveAdversarial({ model: dual, seed: 1, lambda: dannAnnealing({ steps }), adapted: ['image'] });
 * const step = trainStep(joint, { optimizer: adamW({ learningRate: 1e-3 }) });
 */
export function contrastiveAdversarial<Modality extends string, Extras extends object>(
  options: ContrastiveAdversarialOptions<Modality, Extras>,
): ContrastiveAdversarial<Modality, Extras> {
  assertKnownOptions('contrastiveAdversarial', options, optionNames);
  const {
    model,
    seed,
    lambda,
    adapted = model.modalities,
    hidden = [100], // DANN's domain classifier
    domainReduction = 'concatenated', // the mean over both domains
  } = options;
  requireOneOf('contrastiveAdversarial: domainReduction', domainReduction, ['concatenated', 'two-means']);
  checkStrength('contrastiveAdversarial', 'lambda', lambda);
  const names = adaptedModalities('contrastiveAdversarial', model, adapted);
  const random = new Random(seed).fork('domain');
  const classifiers = new Map<Modality, Head>();
  for (const name of names) {
    const sizes = { inputs: model.dimension, hidden, outputs: 2 };
    classifiers.set(name, head('contrastiveAdversarial', { ...sizes, random: random.fork(name) }));
  }
  const named = (): NamedVariables =>
    Object.assign(
      {},
      ...[...classifiers].map(([name, classifier]) => prefixed(`domain/${name}`, classifier.namedVariables())),
    );

  return {
    loss(batch, options) {
      const training = isTraining('contrastiveAdversarial.loss', options);
      return tf.tidy(() => {
        const { contrastive, terms, embeddings } = eachDomain('contrastiveAdversarial', model, batch, {
          names,
          training,
        });
        let total = contrastive;
        for (const [name, { source, target }] of embeddings) {
          const classifier = classifiers.get(name) as Head;
          const strength = scheduledScalar(lambda);
          const judge = (rows: Tensor2D) => classifier.apply(gradientReversal(rows, { lambda: strength }));
          const sourceLogits = judge(source);
          const targetLogits = judge(target);
          const domain = domainCrossEntropy(sourceLogits, targetLogits, domainReduction);
          terms[`domain/${name}`] = domain;
          terms[`domainAccuracy/${name}`] = domainAccuracy(sourceLogits, targetLogits);
          total = tf.add(total, domain) as Scalar;
        }
        return { ...terms, contrastive: tf.clone(contrastive), loss: total };
      });
    },
    trainableVariables: () => [
      ...model.trainableVariables(),
      ...[...classifiers.values()].flatMap((classifier) => classifier.trainableVariables()),
    ],
    namedVariables: () => ({ ...model.namedVariables(), ...named() }),
    dispose() {
      for (const classifier of classifiers.values()) classifier.dispose();
    },
  };
}
