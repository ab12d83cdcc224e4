import { trainableVariables } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { uniform } from './data.js';
import { denseFlops, type Row } from './row.js';
import { adamStep } from './training.js';

/** (h) An MLP whose step is mostly Adam. */
export const mlp: Row = {
  id: 'h',
  title: 'MLP 784-512-256-784',
  batch: 64,
  forwardFlops: denseFlops(784, 512, 256, 784),
  build(batch) {
    const network = sequential({
      layers: [
        layers.dense({ inputShape: [784], units: 512, activation: 'relu' }),
        layers.dense({ units: 256, activation: 'relu' }),
        layers.dense({ units: 784 }),
      ],
    });
    const variables = trainableVariables(network);
    return {
      variables,
      inputs: [uniform([batch, 784])],
      step: adamStep((x) => tf.mean(tf.square(network.apply(x!) as tf.Tensor)), variables),
    };
  },
};
