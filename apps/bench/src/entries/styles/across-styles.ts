import { type DomainAdapter, sourceOnly } from '@crossmodal/adaptation';
import { isTraining } from '@crossmodal/core';
import { coral, crossEntropy } from '@crossmodal/losses';
import type { Scalar, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * A classifier whose features have the same means and covariances in every style of the source: domain generalisation, without a look at
 * the target. A batch holds equally many items of each style, style after style.
 *
 * L = classification + mean over pairs of styles of CORAL with means.
 *
 * @see Gulrajani and Lopez-Paz (2021), In search of lost domain generalization: CORAL, with its default weight of 1
 */
export function acrossStyles({
  styles,
  ...options
}: { styles: number } & Parameters<typeof sourceOnly>[0]): DomainAdapter {
  const model = sourceOnly(options);
  return {
    ...model,
    loss({ source, labels }, run) {
      const training = isTraining('acrossStyles.loss', run);
      return tf.tidy(() => {
        const features = model.features(source, { training });
        const classification = crossEntropy(model.predict(features), labels);
        const parts = tf.split(features, styles) as Tensor2D[];
        const distances = parts.flatMap((a, i) => parts.slice(i + 1).map((b) => coral(a, b, { means: true })));
        const distance = tf.mean(tf.stack(distances)) as Scalar;
        return { classification, distance, loss: tf.add(classification, distance) as Scalar };
      });
    },
  };
}
