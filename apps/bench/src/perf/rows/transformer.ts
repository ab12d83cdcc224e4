import * as tf from '@tensorflow/tfjs-core';
import { tokens } from './data.js';
import type { Row } from './row.js';
import { adamStep } from './training.js';
import { transformerFlops, transformerNetwork } from './transformer-network.js';

const options = { vocabulary: 100, length: 32, width: 128, heads: 4, hidden: 512, depth: 2 };

/** (d) A text Transformer of two layers. */
export const transformer: Row = {
  id: 'd',
  title: 'Transformer, 2 layers, d 128, T 32',
  batch: 64,
  forwardFlops: transformerFlops(options),
  build(batch) {
    const network = transformerNetwork(options);
    return {
      variables: network.variables,
      inputs: [tokens(batch, options.length, options.vocabulary)],
      step: adamStep((ids) => tf.mean(tf.square(tf.mean(network.apply(ids!), 1))), network.variables),
    };
  },
};
