import { trainableVariables } from '@crossmodal/core';
import { gradientReversal } from '@crossmodal/core/layers';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { labels, uniform } from './data.js';
import { convolutionFlops, denseFlops, type Row } from './row.js';
import { adamStep, crossEntropy } from './training.js';

/** (a) The network of the DANN paper: 64 source and 64 target images of 28x28x3. */
export const dann: Row = {
  id: 'a',
  title: 'DANN, 28x28x3, B source + B target',
  batch: 64,
  forwardFlops:
    2 * (convolutionFlops(24, 24, 5, 3, 64) + convolutionFlops(8, 8, 5, 64, 50)) +
    denseFlops(800, 100, 10) +
    2 * denseFlops(800, 100, 2),
  build(batch) {
    const features = sequential({
      layers: [
        layers.conv2d({ inputShape: [28, 28, 3], filters: 64, kernelSize: 5, activation: 'relu' }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.conv2d({ filters: 50, kernelSize: 5, activation: 'relu' }),
        layers.maxPooling2d({ poolSize: 2 }),
        layers.flatten(),
      ],
    });
    const head = (classes: number) =>
      sequential({
        layers: [layers.dense({ inputShape: [800], units: 100, activation: 'relu' }), layers.dense({ units: classes })],
      });
    const [label, domain] = [head(10), head(2)];
    const variables = [features, label, domain].flatMap(trainableVariables);
    const loss = (images: tf.Tensor, classes: tf.Tensor, domains: tf.Tensor) => {
      const shared = features.apply(images, { training: true }) as tf.Tensor2D;
      const source = tf.slice(shared, [0, 0], [batch, 800]);
      const reversed = gradientReversal(shared, { lambda: 0.5 });
      return tf.add(
        crossEntropy(label.apply(source) as tf.Tensor, classes),
        crossEntropy(domain.apply(reversed) as tf.Tensor, domains),
      ) as tf.Scalar;
    };
    const domains = tf.tensor1d(
      Array.from({ length: 2 * batch }, (_, i) => (i < batch ? 0 : 1)),
      'int32',
    );
    return {
      variables,
      inputs: [uniform([2 * batch, 28, 28, 3]), labels(batch, 10), domains],
      step: adamStep(loss, variables),
    };
  },
};
