import {
  CrossmodalError,
  isTraining,
  type LossTerms,
  type ModelCard,
  type ModelFiles,
  type NamedVariables,
  prefixed,
  Random,
} from '@crossmodal/core';
import { type Schedule, scheduledScalar } from '@crossmodal/core/schedules';
import { crossEntropy } from '@crossmodal/losses';
import type { Scalar, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { checkStrength } from './check-strength.js';
import { checkLabels, classifierOf, type EncoderClassifier, reported } from './classifier.js';
import { batchSizeOf, concatInputs, type DomainInputs, type Features, featureDimension } from './feature-extractor.js';
import { minimumClassConfusion } from './minimum-class-confusion.js';
import { withoutMoving } from './without-moving.js';

/** Labelled items of one domain, and unlabelled ones of another. */
export interface DomainBatch {
  source: DomainInputs;
  /** [source rows], int32 */
  labels: Tensor1D;
  /** May be left out where nothing adapts (`sourceOnly`). */
  target?: DomainInputs;
}

/** What every method of this package takes. */
export interface AdapterOptions {
  /** Feature extractor, e.g. `digitFeatures({ seed })`, any layers model that ends in a matrix, or an `Encoder`. */
  features: Features;
  classes: number;
  seed: number;
  /** Hidden layers of the label predictor. */
  hidden?: readonly number[];
  /**
   * Source and target go through the extractor as one batch, as in the original implementation of DANN. By default they go one
   * after the other: their inputs may differ in size, and each is normalised by its own batch statistics, without which the
   * domain classifier has an easy game (see the README); the moving statistics, with which the model is used afterwards, are then
   * those of the target. For an extractor without batch statistics both ways give the same numbers.
   */
  joint?: boolean;
  /**
   * Factor of the `minimumClassConfusion` of the target's predictions, which is added to the loss: a number or a schedule. It keeps
   * the method's own term from pulling the target across the borders between classes (see the README).
   */
  confusion?: number | Schedule;
}

/** What a method sees of one batch. */
export interface DomainContext {
  /** [source rows, features] */
  source: Tensor2D;
  /** [target rows, features] */
  target: Tensor2D;
  /** [source rows, classes] */
  sourceLogits: Tensor2D;
  /** Computed on demand: [target rows, classes] */
  targetLogits(): Tensor2D;
}

/** The part in which the methods differ: a term that draws the two domains together. */
export interface DomainTerm {
  /** Terms to report; `domain` is added to the classification loss. */
  compute(context: DomainContext): { domain: Scalar } & Record<string, Scalar>;
  namedVariables(): NamedVariables;
  trainableVariables(): Variable[];
  dispose(): void;
}

/** A classifier that learns on one domain's labels to work on another; a model for `trainStep`. */
export interface DomainAdapter extends EncoderClassifier<DomainBatch> {
  /**
   * `classification` plus, with a target, `domain`; terms besides: those of the method, and `spread`, how far the features of
   * the source's items differ (0 when all are equal), `chance/classification`, what guessing costs: log(classes), and `confusion`
   * of the target (not weighted), where that is part of the loss.
   */
  loss(batch: DomainBatch, options?: { training?: boolean }): LossTerms & { classification: Scalar };
  /** What `loadClassifier` reads: the classifier without the method's own networks. For `saveFolder` of `@crossmodal/core/models`. */
  files(options?: { card?: ModelCard }): Promise<ModelFiles>;
}

/** A classifier and a method's term, put together. */
export function domainAdapter(
  caller: string,
  {
    features,
    classes,
    seed,
    hidden,
    confusion = 0, // the papers have none
    joint = false, // measured, see the README; the original implementation has true
  }: AdapterOptions,
  makeTerm: (dimensions: { features: number; classes: number }, random: Random) => DomainTerm,
): DomainAdapter {
  checkStrength(caller, 'confusion', confusion);
  const model = classifierOf(caller, { encoder: features, classes, seed, ...(hidden ? { hidden } : {}) });
  let term: DomainTerm;
  try {
    term = makeTerm({ features: featureDimension(features), classes }, new Random(seed).fork('domain'));
  } catch (error) {
    tf.dispose(labelPredictor(model.namedVariables()));
    throw error;
  }

  const extractBoth = (source: DomainInputs, target: DomainInputs, training: boolean): [Tensor2D, Tensor2D] => {
    if (!joint) {
      const extract = () => model.features(source, { training });
      const ofSource = training ? withoutMoving(model.namedVariables(), extract) : extract();
      return [ofSource, model.features(target, { training })];
    }
    const both = model.features(concatInputs(caller, source, target), { training });
    return tf.split(both, [batchSizeOf(source), batchSizeOf(target)]) as [Tensor2D, Tensor2D];
  };
  return {
    classes,
    features: model.features,
    classify: model.classify,
    predict: model.predict,
    loss({ source, labels, target }, options) {
      const training = isTraining('domainAdapter.loss', options);
      checkLabels(caller, source, labels);
      if (!target) {
        throw new CrossmodalError(`${caller}.loss: a batch needs a target`, {
          remedy: 'use sourceOnly to train without one',
        });
      }
      return tf.tidy(() => {
        const [sourceFeatures, targetFeatures] = extractBoth(source, target, training);
        const sourceLogits = model.predict(sourceFeatures);
        const classification = crossEntropy(sourceLogits, labels);
        const terms = term.compute({
          source: sourceFeatures,
          target: targetFeatures,
          sourceLogits,
          targetLogits: () => model.predict(targetFeatures),
        });
        const loss = tf.add(classification, terms.domain) as Scalar;
        const common = { ...terms, classification, ...reported(sourceFeatures, classes) };
        if (confusion === 0) return { ...common, loss };
        const ofTarget = minimumClassConfusion(model.predict(targetFeatures));
        const added = tf.mul(ofTarget, scheduledScalar(confusion));
        return { ...common, confusion: ofTarget, loss: tf.add(loss, added) as Scalar };
      });
    },
    trainableVariables: () => [...model.trainableVariables(), ...term.trainableVariables()],
    namedVariables: () => ({ ...model.namedVariables(), ...prefixed('domain', term.namedVariables()) }),
    files: model.files,
    dispose() {
      model.dispose();
      term.dispose();
    },
  };
}

const labelPredictor = (variables: NamedVariables): NamedVariables =>
  Object.fromEntries(Object.entries(variables).filter(([name]) => name.startsWith('label/')));
