import { adamW } from '@crossmodal/core/optimisers';
import { cosine } from '@crossmodal/core/schedules';
import { trainStep } from '@crossmodal/core/step';
import { linearProbe } from '@crossmodal/core/tuning';
import * as tf from '@tensorflow/tfjs-core';

/** Rows of a modality and the class of each training row. */
export interface Classified {
  train: tf.Tensor2D;
  labels: readonly number[];
  test: tf.Tensor2D;
}

const steps = 300;

/**
 * What a logistic regression makes of test rows: their probabilities of all classes, less the mean over the training rows;
 * [rows, classes]. Rows of two modalities, each classified by itself, can be compared by their cosine: semantic matching.
 *
 * @see Rasiwasia et al.: A new approach to cross-modal multimedia retrieval (2010), section 4.2
 */
export async function classVectors({ train, labels, test }: Classified, classes: number): Promise<tf.Tensor2D> {
  const features = { encode: ({ rows }: { rows: tf.Tensor }) => rows as tf.Tensor2D, dimension: train.shape[1] };
  const probe = linearProbe(features as never, { classes });
  const step = trainStep(probe, {
    optimizer: adamW({ learningRate: cosine({ from: 0.02, steps }), weightDecay: 0.01 }),
  });
  const batch = { inputs: { rows: train }, labels: tf.tensor1d([...labels], 'int32') };
  for (let i = 0; i < steps; i++) tf.dispose(await step.run(batch));
  const vectors = tf.tidy(() => {
    const probabilities = (rows: tf.Tensor2D) => tf.softmax(probe.logits({ rows }));
    const mean = tf.mean(probabilities(train), 0, true);
    return tf.sub(probabilities(test), mean) as tf.Tensor2D;
  });
  step.dispose();
  probe.dispose();
  batch.labels.dispose();
  return vectors;
}
