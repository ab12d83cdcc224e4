import { trainableVariables } from '@crossmodal/core';
import type { Scalar, Tensor, Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { layers, sequential } from '@tensorflow/tfjs-layers';
import { tokens, uniform } from './data.js';
import { resNet50, resNet50Flops } from './residual-network.js';
import type { Row } from './row.js';
import { adamStep } from './training.js';
import { transformerFlops, transformerNetwork } from './transformer-network.js';

/** A network whose output is [batch, ...]; the loss of a training step is the mean of its squares. */
interface Network {
  variables: Variable[];
  forward(training: boolean, ...inputs: Tensor[]): Tensor;
  inputs: Tensor[];
}

interface Described extends Omit<Row, 'build' | 'inference'> {
  network(batch: number): Network;
}

const training = ({ network, ...row }: Described): Row => ({
  ...row,
  build(batch) {
    const { variables, forward, inputs } = network(batch);
    const loss = (...given: Tensor[]) => tf.mean(tf.square(forward(true, ...given))) as Scalar;
    return { variables, inputs, step: adamStep(loss, variables) };
  },
});

const inference = ({ network, id, title, ...row }: Described): Row => ({
  ...row,
  id: `${id}-inference`,
  title: `${title}, inference`,
  inference: true,
  build(batch) {
    const { variables, forward, inputs } = network(batch);
    return { variables, inputs, step: (...given) => tf.tidy(() => tf.mean(forward(false, ...given)) as Scalar) };
  },
});

const residual: Described = {
  id: 'resnet50',
  title: 'ResNet-50 at 224x224',
  batch: 8,
  forwardFlops: resNet50Flops(224),
  network(batch) {
    const network = resNet50(224);
    return {
      variables: trainableVariables(network),
      forward: (isTraining, x) => network.apply(x!, { training: isTraining }) as Tensor,
      inputs: [uniform([batch, 224, 224, 3])],
    };
  },
};

const vision = { length: 196, width: 768, heads: 12, hidden: 3072, depth: 12, activation: 'gelu' } as const;

const visionTransformer: Described = {
  id: 'vit',
  title: 'ViT-B/16 at 224x224',
  batch: 4,
  forwardFlops: transformerFlops(vision) + 2 * 196 * 768 * 768,
  network(batch) {
    const patches = sequential({
      layers: [layers.conv2d({ inputShape: [224, 224, 3], filters: 768, kernelSize: 16, strides: 16 })],
    });
    const transformer = transformerNetwork(vision);
    return {
      variables: [...trainableVariables(patches), ...transformer.variables],
      forward: (_, x) =>
        tf.mean(transformer.blocks(tf.reshape(patches.apply(x!) as Tensor4D, [x!.shape[0]!, 196, 768])), 1),
      inputs: [uniform([batch, 224, 224, 3])],
    };
  },
};

function textTransformer(
  id: string,
  title: string,
  batch: number,
  options: Parameters<typeof transformerNetwork>[0] & { vocabulary: number },
): Described {
  return {
    id,
    title,
    batch,
    forwardFlops: transformerFlops(options),
    network(rows) {
      const network = transformerNetwork(options);
      return {
        variables: network.variables,
        forward: (_, ids) => tf.mean(network.apply(ids!), 1),
        inputs: [tokens(rows, options.length, options.vocabulary)],
      };
    },
  };
}

const miniLm = textTransformer('minilm', 'MiniLM-sized Transformer, 6 layers, d 384, T 64, 30,000 words', 32, {
  ...{ vocabulary: 30_000, length: 64, width: 384, heads: 12, hidden: 1536, depth: 6 },
  activation: 'gelu',
});
const bert = textTransformer('bert', 'BERT-base-sized Transformer, 12 layers, d 768, T 128, 30,522 words', 8, {
  ...{ vocabulary: 30_522, length: 128, width: 768, heads: 12, hidden: 3072, depth: 12 },
  activation: 'gelu',
});

function recurrent(id: string, kind: 'lstm' | 'gru'): Described {
  const gates = kind === 'lstm' ? 4 : 3;
  return {
    id,
    title: `${kind.toUpperCase()}, 256 -> 256, T 64`,
    batch: 64,
    forwardFlops: 64 * 2 * gates * 256 * (256 + 256),
    network(batch) {
      const options = { units: 256, recurrentActivation: 'sigmoid', recurrentInitializer: 'glorotUniform' } as const;
      const network = sequential({
        layers: [
          layers.embedding({ inputDim: 100, outputDim: 256, inputLength: 64 }),
          kind === 'lstm' ? layers.lstm(options) : layers.gru(options),
        ],
      });
      return {
        variables: trainableVariables(network),
        forward: (isTraining, ids) => network.apply(ids!, { training: isTraining }) as Tensor2D,
        inputs: [tokens(batch, 64, 100)],
      };
    },
  };
}

const networks = [residual, visionTransformer, miniLm, bert];

/** Networks of the sizes that people fine-tune and serve: training steps, then forward passes. */
export const large: readonly Row[] = [
  ...[...networks, recurrent('lstm256', 'lstm'), recurrent('gru256', 'gru')].map(training),
  ...networks.map(inference),
];
