import { trainableVariables } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { tokens } from './data.js';
import type { Row } from './row.js';
import { adamStep } from './training.js';

/** (e) Embedding and LSTM, 64 -> 128 over 32 steps; PyTorch's row is its fused `nn.LSTM`. */
export const lstm: Row = {
  id: 'e',
  title: 'LSTM, 64 -> 128, T 32',
  batch: 64,
  forwardFlops: 32 * 2 * 4 * 128 * (64 + 128),
  build(batch) {
    const network = sequential({
      layers: [
        layers.embedding({ inputDim: 100, outputDim: 64, inputLength: 32 }),
        layers.lstm({ units: 128, recurrentActivation: 'sigmoid', recurrentInitializer: 'glorotUniform' }),
      ],
    });
    const variables = trainableVariables(network);
    const loss = (ids: tf.Tensor) =>
      tf.mean(tf.square(network.apply(ids, { training: true }) as tf.Tensor)) as tf.Scalar;
    return {
      variables,
      inputs: [tokens(batch, 32, 100)],
      step: adamStep(loss as (...inputs: tf.Tensor[]) => tf.Scalar, variables),
    };
  },
};
