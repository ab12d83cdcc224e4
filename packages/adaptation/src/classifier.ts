import {
  assertKnownOptions,
  CrossmodalError,
  isTraining,
  type LossTerms,
  type ModelCard,
  type ModelFiles,
  type NamedVariables,
  prefixed,
  Random,
  requireInteger,
  type Trainable,
} from '@crossmodal/core';
import { relativeSpread } from '@crossmodal/core/metrics';
import { crossEntropy } from '@crossmodal/losses';
import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { classifierFiles } from './classifier-files.js';
import type { LabelledBatch } from './evaluate.js';
import { batchSizeOf, type DomainInputs, type Features, featureExtractor } from './feature-extractor.js';
import { head } from './head.js';

export interface ClassifierOptions {
  /** What turns inputs into features: an `Encoder`, `digitFeatures({ seed })`, or any layers model that ends in a matrix. */
  encoder: Features;
  classes: number;
  seed: number;
  /** Widths of the hidden layers of the label predictor; none makes a linear classifier. */
  hidden?: readonly number[];
}

/** An encoder with a label predictor on it; a model for `trainStep`. */
export interface EncoderClassifier<Batch = LabelledBatch> extends Trainable<Batch> {
  readonly classes: number;
  /** [batch, features] */
  features(inputs: DomainInputs, options?: { training?: boolean }): Tensor2D;
  /** Logits, [batch, classes] */
  classify(inputs: DomainInputs, options?: { training?: boolean }): Tensor2D;
  /** Logits of features that were extracted before. */
  predict(features: Tensor2D): Tensor2D;
  /**
   * Mean cross entropy. Terms besides: `classification`, the same; `spread`, how far the features of the items differ (0 when all
   * are equal); `chance/classification`, what guessing costs: log(classes).
   */
  loss(batch: Batch, options?: { training?: boolean }): LossTerms & { classification: Scalar };
  trainableVariables(): Variable[];
  namedVariables(): NamedVariables;
  /**
   * The files that `loadClassifier` makes it again from; for `saveFolder` of `@crossmodal/core/models`.
   *
   * @throws CrossmodalError when the encoder is one that has no files
   */
  files(options?: { card?: ModelCard }): Promise<ModelFiles>;
  /** Frees the predictor and the encoder. */
  dispose(): void;
}

const optionNames: Record<keyof ClassifierOptions, true> = { encoder: true, classes: true, seed: true, hidden: true };

/**
 * Plain classification: an encoder, and on its features a label predictor of linear layers with ReLU between them.
 *
 * L = mean_i CE(predictor(encoder(x_i)), y_i).
 *
 * @throws CrossmodalError when `classes` or the encoder do not fit
 *
 * @example
 * const model = classifier({ encoder: digitFeatures({ seed: 1 }), classes: 10, seed: 1 });
 * const step = trainStep(model, { optimizer: adam({ learningRate: 1e-3 }) });
 */
export function classifier(options: ClassifierOptions): EncoderClassifier {
  assertKnownOptions('classifier', options, optionNames);
  return classifierOf('classifier', options);
}

/** `classifier` under the name of the function that makes it. */
export function classifierOf(
  caller: string,
  {
    encoder,
    classes,
    seed,
    hidden = [100], // 800-100-10 on digits: Ganin and Lempitsky (2015), figure 4a
  }: ClassifierOptions,
): EncoderClassifier {
  requireInteger(`${caller}: classes`, classes, 2);
  const extractor = featureExtractor(caller, encoder);
  const random = new Random(seed).fork('label');
  const predictor = head(caller, { inputs: extractor.dimension, hidden, outputs: classes, random });
  return {
    classes,
    features: (inputs, options) => extractor.extract(inputs, isTraining('classifier.features', options)),
    classify: (inputs, options) =>
      tf.tidy(() => predictor.apply(extractor.extract(inputs, isTraining('classifier.classify', options)))),
    predict: (rows) => predictor.apply(rows),
    loss({ inputs, labels }, options) {
      const training = isTraining('classifier.loss', options);
      checkLabels(caller, inputs, labels);
      return tf.tidy(() => {
        const rows = extractor.extract(inputs, training);
        const classification = crossEntropy(predictor.apply(rows), labels);
        return { loss: tf.clone(classification), classification, ...reported(rows, classes) };
      });
    },
    trainableVariables: () => [...extractor.trainableVariables(), ...predictor.trainableVariables()],
    namedVariables: () => ({
      ...prefixed('features', extractor.namedVariables()),
      ...prefixed('label', predictor.namedVariables()),
    }),
    files: (fileOptions) =>
      classifierFiles({ encoder, classes, seed, hidden }, prefixed('label', predictor.namedVariables()), fileOptions),
    dispose() {
      extractor.dispose();
      predictor.dispose();
    },
  };
}

/** Refuses labels that are not one per row of the inputs. */
export function checkLabels(caller: string, inputs: DomainInputs, labels: tf.Tensor): void {
  const rows = batchSizeOf(inputs);
  if (labels.rank !== 1 || labels.shape[0] !== rows) {
    throw new CrossmodalError(`${caller}.loss: labels must have shape [${rows}], got [${labels.shape}]`);
  }
}

/** What guessing costs, beside what the classification costs, and whether the features are alive. */
export function reported(rows: Tensor2D, classes: number): Record<'spread' | 'chance/classification', Scalar> {
  return { spread: relativeSpread(rows), 'chance/classification': tf.scalar(Math.log(classes)) };
}
