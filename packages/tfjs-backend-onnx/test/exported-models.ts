import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** Models whose exported files are run elsewhere and compared. */

const init = (seed: number) => tfl.initializers.glorotUniform({ seed });
export const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

function cnn() {
  const model = tfl.sequential();
  const conv = { kernelSize: 3, padding: 'same', activation: 'relu' } as const;
  model.add(tfl.layers.conv2d({ ...conv, filters: 8, inputShape: [12, 10, 3], kernelInitializer: init(1) }));
  model.add(tfl.layers.batchNormalization());
  model.add(tfl.layers.maxPooling2d({ poolSize: 2 }));
  model.add(tfl.layers.conv2d({ ...conv, filters: 6, strides: 2, kernelInitializer: init(2) }));
  model.add(tfl.layers.averagePooling2d({ poolSize: 3, strides: 2, padding: 'same' }));
  model.add(
    tfl.layers.conv2dTranspose({ filters: 4, kernelSize: 4, strides: 2, padding: 'same', kernelInitializer: init(3) }),
  );
  model.add(tfl.layers.flatten());
  model.add(tfl.layers.dense({ units: 5, activation: 'softmax', kernelInitializer: init(4) }));
  return model;
}

function lstm() {
  const model = tfl.sequential();
  model.add(tfl.layers.embedding({ inputDim: 11, outputDim: 6, inputLength: 7, embeddingsInitializer: init(1) }));
  model.add(
    tfl.layers.lstm({ units: 5, returnSequences: true, kernelInitializer: init(2), recurrentInitializer: init(3) }),
  );
  model.add(tfl.layers.gru({ units: 4, kernelInitializer: init(4), recurrentInitializer: init(5) }));
  model.add(tfl.layers.dense({ units: 2, kernelInitializer: init(6) }));
  return model;
}

/** One pre-norm encoder block over tokens [batch, time]. */
export function transformer({ width = 16, heads = 4, time = 6 } = {}) {
  const weight = (shape: number[], seed: number) => tf.variable(tf.mul(random(shape, seed), 0.2));
  const [table, position] = [weight([20, width], 1), weight([time, width], 2)];
  const [qkv, out, up, down] = [
    weight([width, 3 * width], 3),
    weight([width, width], 4),
    weight([width, 4 * width], 5),
    weight([4 * width, width], 6),
  ];
  const norm = (x: tf.Tensor) => {
    const { mean, variance } = tf.moments(x, -1, true);
    return tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  };
  const linear = (x: tf.Tensor, w: tf.Tensor) => {
    const rows = tf.matMul(tf.reshape(x, [-1, x.shape.at(-1)!]) as tf.Tensor2D, w as tf.Tensor2D);
    return tf.reshape(rows, [...x.shape.slice(0, -1), w.shape[1]!]);
  };
  return (tokens: tf.Tensor) => {
    const batch = tokens.shape[0]!;
    let x = tf.add(tf.gather(table, tokens as tf.Tensor2D), position) as tf.Tensor;
    const split = tf.split(tf.reshape(linear(norm(x), qkv), [batch, time, 3 * heads, width / heads]), 3, 2);
    const [q, k, v] = split.map((part) => tf.transpose(part, [0, 2, 1, 3])) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / heads));
    const mixed = tf.transpose(tf.matMul(tf.softmax(scores), v), [0, 2, 1, 3]);
    x = tf.add(x, linear(tf.reshape(mixed, [batch, time, width]), out));
    x = tf.add(x, linear(tf.relu(linear(norm(x), up)), down));
    return tf.mean(x, 1);
  };
}

export const tokens = (batch: number, time: number) =>
  tf.tensor2d(
    Array.from({ length: batch * time }, (_, i) => (i * 7) % 11),
    [batch, time],
    'int32',
  ) as tf.Tensor;

/** One step of a classifier of images [batch, 8, 8, 2]: convolution, batch normalisation with a moving average, dense. */
export function trainingStep(optimizer: tf.Optimizer) {
  const weight = (shape: number[], seed: number, name: string) =>
    tf.variable(tf.mul(random(shape, seed), 0.3), true, name);
  const filter = weight([3, 3, 2, 4], 1, 'filter');
  const dense = weight([36, 3], 2, 'dense');
  const mean = tf.variable(tf.zeros([4]), false, 'mean');
  const step = (x: tf.Tensor, y: tf.Tensor) =>
    optimizer.minimize(
      () => {
        const h = tf.conv2d(x as tf.Tensor4D, filter as unknown as tf.Tensor4D, 2, 'same') as tf.Tensor4D;
        const moments = tf.moments(h, [0, 1, 2]);
        mean.assign(tf.add(tf.mul(mean, 0.9), tf.mul(moments.mean, 0.1)) as tf.Tensor1D);
        const normal = tf.relu(
          tf.batchNorm(h, moments.mean as tf.Tensor1D, moments.variance as tf.Tensor1D, tf.zeros([4]), tf.ones([4])),
        );
        const pooled = tf.reshape(tf.maxPool(normal as tf.Tensor4D, 2, 1, 'valid'), [x.shape[0]!, -1]);
        const logits = tf.matMul(pooled as tf.Tensor2D, dense as unknown as tf.Tensor2D);
        return tf.losses.softmaxCrossEntropy(y, logits) as tf.Scalar;
      },
      true,
      [filter, dense],
    )!;
  return { step, variables: [filter, dense, mean] };
}
/** Labels of three classes as rows of zeros and a one. */
export const labels = (batch: number) =>
  tf.cast(
    tf.oneHot(
      tf.tensor1d(
        Array.from({ length: batch }, (_, i) => (i * i) % 3),
        'int32',
      ),
      3,
    ),
    'float32',
  );

export const exported: Record<
  string,
  { make: () => (x: tf.Tensor) => tf.Tensor; input: (batch: number) => tf.Tensor }
> = {
  'CNN with batch normalisation': {
    make: () => {
      const model = cnn();
      // Moving averages away from zero and one.
      for (const w of model.layers[1]!.weights.slice(2)) w.write(tf.abs(random([8], 9)));
      return (x) => model.predict(x) as tf.Tensor;
    },
    input: (batch) => random([batch, 12, 10, 3], 3),
  },
  Transformer: { make: () => transformer(), input: (batch) => tokens(batch, 6) },
  'LSTM and GRU': {
    make: () => {
      const model = lstm();
      return (x) => model.predict(x) as tf.Tensor;
    },
    input: (batch) => tokens(batch, 7),
  },
};
