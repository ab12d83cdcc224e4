import { trainableVariables } from '@crossmodal/core';
import * as tf from '@tensorflow/tfjs-core';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs-layers';
import { uniform } from './data.js';
import { convolutionFlops, denseFlops, type Row } from './row.js';
import { adamStep, binaryCrossEntropy } from './training.js';

const widths = [256, 128, 64, 32] as const;

function generatorNetwork(): LayersModel {
  const net = sequential();
  net.add(layers.dense({ inputShape: [100], units: 4 * 4 * 256 }));
  net.add(layers.reshape({ targetShape: [4, 4, 256] }));
  for (const filters of widths.slice(1)) {
    net.add(layers.batchNormalization({ epsilon: 1e-5 }));
    net.add(layers.reLU());
    net.add(layers.conv2dTranspose({ filters, kernelSize: 4, strides: 2, padding: 'same', useBias: false }));
  }
  net.add(layers.batchNormalization({ epsilon: 1e-5 }));
  net.add(layers.reLU());
  net.add(layers.conv2dTranspose({ filters: 3, kernelSize: 4, strides: 2, padding: 'same', activation: 'tanh' }));
  return net;
}

function discriminatorNetwork(): LayersModel {
  const net = sequential();
  [...widths].reverse().forEach((filters, i) => {
    const shape = i === 0 ? { inputShape: [64, 64, 3] } : {};
    net.add(layers.conv2d({ ...shape, filters, kernelSize: 4, strides: 2, padding: 'same', useBias: i === 0 }));
    if (i > 0) net.add(layers.batchNormalization({ epsilon: 1e-5 }));
    net.add(layers.leakyReLU({ alpha: 0.2 }));
  });
  net.add(layers.flatten());
  net.add(layers.dense({ units: 1 }));
  return net;
}

const generatorFlops =
  denseFlops(100, 4096) +
  [4, 8, 16, 32].reduce(
    (sum, size, i) => sum + convolutionFlops(size, size, 4, widths[i] as number, widths[i + 1] ?? 3),
    0,
  );
const discriminatorFlops =
  [32, 16, 8, 4].reduce(
    (sum, size, i) =>
      sum + convolutionFlops(size, size, 4, [3, 32, 64, 128][i] as number, [32, 64, 128, 256][i] as number),
    0,
  ) + denseFlops(4096, 1);

/** (b) A DCGAN pair at 64x64: one discriminator step and one generator step. */
export const dcgan: Row = {
  id: 'b',
  title: 'DCGAN pair, 64x64x3',
  batch: 64,
  // Generator twice (fake batch without gradient, then with), discriminator on real, fake and fake again; a third of the
  // sum, because a step is counted as three forward passes.
  forwardFlops: (generatorFlops * 4 + discriminatorFlops * 8) / 3,
  build(batch) {
    const [generator, discriminator] = [generatorNetwork(), discriminatorNetwork()];
    const generate = (noise: tf.Tensor) => generator.apply(noise, { training: true }) as tf.Tensor;
    const judge = (images: tf.Tensor) => discriminator.apply(images, { training: true }) as tf.Tensor;
    const players = [trainableVariables(discriminator), trainableVariables(generator)] as const;
    const optimizer = () => tf.train.adam(2e-4, 0.5, 0.999);
    const discriminatorStep = adamStep(
      (real, fake) => tf.add(binaryCrossEntropy(judge(real!), 1), binaryCrossEntropy(judge(fake!), 0)) as tf.Scalar,
      players[0],
      optimizer(),
    );
    const generatorStep = adamStep((noise) => binaryCrossEntropy(judge(generate(noise!)), 1), players[1], optimizer());
    return {
      variables: players.flat(),
      inputs: [uniform([batch, 64, 64, 3], -1, 1), uniform([batch, 100], -1.7, 1.7), uniform([batch, 100], 1.7, -1.7)],
      step(real, noise, otherNoise) {
        const fake = generate(noise!);
        return tf.add(discriminatorStep(real!, fake), generatorStep(otherNoise!)) as tf.Scalar;
      },
    };
  },
};
