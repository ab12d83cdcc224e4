import { trainableVariables } from '@crossmodal/core';
import type * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { labels, uniform } from './data.js';
import { denseFlops, type Row } from './row.js';
import { adamStep, crossEntropy } from './training.js';

const widths = [1, 64, 128, 256];

/** (g) The 1-D CNN on raw audio: 8,000 samples, 64 -> 128 -> 256 channels. */
export const audio: Row = {
  id: 'g',
  title: '1-D audio CNN, 8,000 samples',
  batch: 32,
  forwardFlops:
    [8000, 4000, 2000].reduce((sum, length, i) => sum + 2 * length * 3 * widths[i]! * widths[i + 1]!, 0) +
    denseFlops(256, 10),
  build(batch) {
    const network = sequential();
    widths.slice(1).forEach((filters, i) => {
      const shape = i === 0 ? { inputShape: [8000, 1] } : {};
      network.add(layers.conv1d({ ...shape, filters, kernelSize: 3, padding: 'same' }));
      network.add(layers.batchNormalization({ epsilon: 1e-5, momentum: 0.9 }));
      network.add(layers.reLU());
      network.add(layers.maxPooling1d({ poolSize: 2 }));
    });
    network.add(layers.globalAveragePooling1d());
    network.add(layers.dense({ units: 10 }));
    const variables = trainableVariables(network);
    return {
      variables,
      inputs: [uniform([batch, 8000, 1], -1.7, 1.7), labels(batch, 10)],
      step: adamStep(
        (waves, classes) => crossEntropy(network.apply(waves!, { training: true }) as tf.Tensor, classes!),
        variables,
      ),
    };
  },
};
