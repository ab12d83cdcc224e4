import { dualEncoder } from '@crossmodal/alignment';
import { adamW } from '@crossmodal/core/optimisers';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import * as tf from '@tensorflow/tfjs-core';
import { pictureEncoder } from '../../entries/alignment/picture-encoder.js';
import { tokens, uniform } from './data.js';
import { convolutionFlops, denseFlops, type Row } from './row.js';
import { adamStep } from './training.js';

const size = 24;
const channels = [24, 48, 96];
const words = Array.from({ length: 2000 }, (_, i) => `word${i}`);

/** (m) The main pipeline of the suite, from its own packages: picture encoder, bag of words, symmetric InfoNCE, AdamW. */
export const suite: Row = {
  id: 'm',
  title: "the suite's dual encoder, 24x24x3 + 24 words",
  batch: 128,
  forwardFlops:
    channels.reduce(
      (sum, filters, i) => sum + convolutionFlops(size / 2 ** i, size / 2 ** i, 3, channels[i - 1] ?? 3, filters),
      0,
    ) +
    denseFlops(864, 64) +
    denseFlops(64, 64),
  build(batch) {
    const image = pictureEncoder({ size, channels, dropout: 0.3, seed: 1 });
    const tokenizer = wordTokenizer({ corpus: words });
    const text = bagEncoder({ tokenizer, dimension: 64, maximumLength: 24, dropout: 0.2, seed: 1 });
    const model = dualEncoder({ encoders: { image, text }, dimension: 64, seed: 1 });
    const variables = model.trainableVariables();
    const loss = (pixels: tf.Tensor, ids: tf.Tensor, mask: tf.Tensor) =>
      model.loss({ image: { pixels }, text: { ids, mask } }, { training: true }).loss;
    return {
      variables,
      inputs: [uniform([batch, size, size, 3]), tokens(batch, 24, 2000), tf.ones([batch, 24])],
      step: adamStep(
        loss as (...inputs: tf.Tensor[]) => tf.Scalar,
        variables,
        adamW({ learningRate: 5e-3, weightDecay: 0.1 }),
      ),
    };
  },
};
