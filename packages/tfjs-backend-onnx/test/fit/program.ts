import type * as Core from '@tensorflow/tfjs-core';
import type * as Layers from '@tensorflow/tfjs-layers';

/** The parts of TensorFlow.js that the program uses: `tf` of tfjs-node, or the two packages together. */
export type Tf = typeof Core & typeof Layers;

const COUNT = 24;

/**
 * A program as a user of tfjs writes it: a model of two inputs with Conv2D, BatchNormalization, Dropout, Embedding, LSTM, GRU and Bidirectional,
 * trained with `model.fit`. Everything random in it has a seed.
 *
 * @returns the loss of every batch.
 */
export async function lossesOfFit(tf: Tf): Promise<number[]> {
  const init = (seed: number) => tf.initializers.glorotUniform({ seed });
  const apply = (layer: Layers.layers.Layer, x: Layers.SymbolicTensor | Layers.SymbolicTensor[]) =>
    layer.apply(x) as Layers.SymbolicTensor;
  const kernels = (seed: number) => ({ kernelInitializer: init(seed), recurrentInitializer: init(seed + 1) });

  const image = tf.input({ shape: [10, 9, 2] });
  let seen = apply(
    tf.layers.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: 'same', kernelInitializer: init(1) }),
    image,
  );
  seen = apply(tf.layers.batchNormalization({ momentum: 0.8 }), seen);
  seen = apply(tf.layers.activation({ activation: 'relu' }), seen);
  seen = apply(tf.layers.dropout({ rate: 0.25, seed: 7 }), seen);
  seen = apply(tf.layers.conv2d({ filters: 4, kernelSize: 2, activation: 'tanh', kernelInitializer: init(2) }), seen);
  seen = apply(tf.layers.maxPooling2d({ poolSize: 2 }), seen);
  seen = apply(tf.layers.flatten(), seen);

  const tokens = tf.input({ shape: [6], dtype: 'int32' });
  let read = apply(
    tf.layers.embedding({ inputDim: 13, outputDim: 5, maskZero: true, embeddingsInitializer: init(3) }),
    tokens,
  );
  read = apply(tf.layers.lstm({ units: 6, returnSequences: true, dropout: 0, ...kernels(4) }), read);
  const gru = tf.layers.gru({ units: 4, ...kernels(6) }) as Layers.RNN;
  read = apply(tf.layers.bidirectional({ layer: gru, mergeMode: 'concat' }), read);

  const joined = apply(tf.layers.concatenate(), [seen, read]);
  const output = apply(tf.layers.dense({ units: 3, activation: 'softmax', kernelInitializer: init(8) }), joined);
  const model = tf.model({ inputs: [image, tokens], outputs: output });
  model.compile({ optimizer: tf.train.adam(0.01), loss: 'categoricalCrossentropy' });

  const images = tf.randomUniform([COUNT, 10, 9, 2], -1, 1, 'float32', 11);
  const words = tf.tensor2d(
    Array.from({ length: COUNT * 6 }, (_, i) => (i % 6 > 3 + (i % 3) ? 0 : 1 + ((i * 7 + (i >> 2)) % 12))),
    [COUNT, 6],
    'int32',
  );
  const labels = tf.tensor1d(
    Array.from({ length: COUNT }, (_, i) => (i * i) % 3),
    'int32',
  );
  const targets = tf.oneHot(labels, 3);
  const losses: number[] = [];
  await model.fit([images, words], targets, {
    epochs: 5,
    batchSize: 8,
    shuffle: false,
    verbose: 0,
    callbacks: {
      onBatchEnd: async (_batch: number, logs?: Layers.Logs) => {
        losses.push(logs!['loss'] as number);
      },
    },
  });
  model.dispose();
  tf.dispose([images, words, labels, targets]);
  return losses;
}
