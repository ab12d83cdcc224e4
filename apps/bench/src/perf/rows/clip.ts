import { trainableVariables } from '@crossmodal/core';
import { infoNce } from '@crossmodal/losses';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { tokens, uniform } from './data.js';
import { resNet18, resNet18Flops } from './residual-network.js';
import { denseFlops, type Row } from './row.js';
import { adamStep } from './training.js';
import { transformerFlops, transformerNetwork } from './transformer-network.js';

const text = { vocabulary: 100, length: 32, width: 128, heads: 4, hidden: 512, depth: 2 };

/** (c) A small CLIP: ResNet-18 at 64x64 and a Transformer of two layers, projected to 128 dimensions. */
export const clip: Row = {
  id: 'c',
  title: 'CLIP, ResNet-18 at 64x64 + Transformer d 128',
  batch: 64,
  forwardFlops: resNet18Flops(64) + transformerFlops(text) + denseFlops(512, 128) + denseFlops(128, 128),
  build(batch) {
    const vision = resNet18(64);
    const language = transformerNetwork(text);
    const projections = [512, 128].map((width) =>
      sequential({ layers: [layers.dense({ inputShape: [width], units: 128, useBias: false })] }),
    );
    const logitScale = tf.variable(tf.scalar(Math.log(1 / 0.07)));
    const variables = [vision, ...projections].flatMap(trainableVariables).concat(language.variables, logitScale);
    const loss = (images: tf.Tensor, ids: tf.Tensor) => {
      const image = projections[0]!.apply(vision.apply(images, { training: true }) as tf.Tensor) as tf.Tensor2D;
      const caption = projections[1]!.apply(tf.mean(language.apply(ids), 1)) as tf.Tensor2D;
      return infoNce(image, caption, { temperature: tf.exp(tf.neg(logitScale)) as tf.Scalar });
    };
    return {
      variables,
      inputs: [uniform([batch, 64, 64, 3]), tokens(batch, text.length, text.vocabulary)],
      step: adamStep(loss as (...inputs: tf.Tensor[]) => tf.Scalar, variables),
    };
  },
};
