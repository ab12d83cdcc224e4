import {
  CrossmodalError,
  type LossTerms,
  type NamedVariables,
  prefixed,
  Random,
  type Trainable,
} from '@crossmodal/core';
import { relativeSpread } from '@crossmodal/core/metrics';
import { crossEntropy } from '@crossmodal/losses';
import type { Scalar, Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { batchSizeOf, concatInputs, type DomainInputs, type Features, featureExtractor } from './feature-extractor.js';
import { head } from './head.js';

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
   * Source and target go through the extractor as one batch, as in the original implementation of DANN; false sends them one
   * after the other, needed when their inputs differ in size and when batch statistics shall stay apart.
   */
  joint?: boolean;
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
export interface DomainAdapter extends Trainable<DomainBatch> {
  readonly classes: number;
  /** [batch, features] */
  features(inputs: DomainInputs, options?: { training?: boolean }): Tensor2D;
  /** Logits, [batch, classes] */
  classify(inputs: DomainInputs, options?: { training?: boolean }): Tensor2D;
  /** Logits of features that were extracted before. */
  predict(features: Tensor2D): Tensor2D;
  /**
   * `classification` plus, with a target, `domain`; terms besides: those of the method, and `spread`, how far the features of
   * the source's items differ (0 when all are equal).
   */
  loss(batch: DomainBatch, options?: { training?: boolean }): LossTerms & { classification: Scalar };
  trainableVariables(): Variable[];
  namedVariables(): NamedVariables;
  dispose(): void;
}

/** Feature extractor, label predictor and a method's term, put together. */
export function domainAdapter(
  caller: string,
  {
    features,
    classes,
    seed,
    hidden = [100], // 800-100-10 on digits
    joint = true, // Ganin and Lempitsky (2015): batches of 128, half source and half target
  }: AdapterOptions,
  makeTerm?: (dimensions: { features: number; classes: number }, random: Random) => DomainTerm,
): DomainAdapter {
  if (!Number.isInteger(classes) || classes < 2) {
    throw new CrossmodalError(`${caller}: classes must be an integer of at least 2, got ${classes}`);
  }
  const extractor = featureExtractor(caller, features);
  const random = new Random(seed);
  const sizes = { features: extractor.dimension, classes };
  const predictor = head(caller, { inputs: sizes.features, hidden, outputs: classes, random: random.fork('label') });
  let term: DomainTerm | undefined;
  try {
    term = makeTerm?.(sizes, random.fork('domain'));
  } catch (error) {
    predictor.dispose();
    throw error;
  }

  const extractBoth = (source: DomainInputs, target: DomainInputs, training: boolean): [Tensor2D, Tensor2D] => {
    if (!joint) return [extractor.extract(source, training), extractor.extract(target, training)];
    const both = extractor.extract(concatInputs(caller, source, target), training);
    return tf.split(both, [batchSizeOf(source), batchSizeOf(target)]) as [Tensor2D, Tensor2D];
  };
  const adapter: DomainAdapter = {
    classes,
    features: (inputs, { training = false } = {}) => extractor.extract(inputs, training),
    classify: (inputs, { training = false } = {}) =>
      tf.tidy(() => predictor.apply(extractor.extract(inputs, training))),
    predict: (rows) => predictor.apply(rows),
    loss({ source, labels, target }, { training = false } = {}) {
      if (labels.rank !== 1 || labels.shape[0] !== batchSizeOf(source)) {
        throw new CrossmodalError(
          `${caller}.loss: labels must have shape [${batchSizeOf(source)}], got [${labels.shape}]`,
        );
      }
      return tf.tidy(() => {
        if (!term) {
          const rows = extractor.extract(source, training);
          const classification = crossEntropy(predictor.apply(rows), labels);
          return { loss: tf.clone(classification), classification, spread: relativeSpread(rows) };
        }
        if (!target) {
          throw new CrossmodalError(`${caller}.loss: a batch needs a target`, {
            remedy: 'use sourceOnly to train without one',
          });
        }
        const [sourceFeatures, targetFeatures] = extractBoth(source, target, training);
        const sourceLogits = predictor.apply(sourceFeatures);
        const classification = crossEntropy(sourceLogits, labels);
        const terms = term.compute({
          source: sourceFeatures,
          target: targetFeatures,
          sourceLogits,
          targetLogits: () => predictor.apply(targetFeatures),
        });
        return {
          ...terms,
          classification,
          spread: relativeSpread(sourceFeatures),
          loss: tf.add(classification, terms.domain) as Scalar,
        };
      });
    },
    trainableVariables: () => [
      ...extractor.trainableVariables(),
      ...predictor.trainableVariables(),
      ...(term?.trainableVariables() ?? []),
    ],
    namedVariables: () => ({
      ...prefixed('features', extractor.namedVariables()),
      ...prefixed('label', predictor.namedVariables()),
      ...(term ? prefixed('domain', term.namedVariables()) : {}),
    }),
    dispose() {
      extractor.dispose();
      predictor.dispose();
      term?.dispose();
    },
  };
  return adapter;
}
