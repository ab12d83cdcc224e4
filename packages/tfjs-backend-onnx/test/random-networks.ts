import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** A generator of its own per network, so that each is the same on every backend and on every day. */
export function generator(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export interface Network {
  model: tfl.LayersModel;
  x: tf.Tensor;
  y: tf.Tensor;
  optimizer: tf.Optimizer;
  /** What it is made of, for messages. */
  layers: string[];
}

type Layer = tfl.layers.Layer;

/**
 * A small network of random layers on images of random, odd shapes, with data and an optimiser. No layer enlarges, since
 * backend cpu, the reference, has the gradients of both kinds of resizing wrong for such shapes. The rules that divide by the
 * size of the gradient get a large epsilon: before a normalisation, the gradient of a bias is rounding noise.
 */
export function randomNetwork(seed: number): Network {
  const random = generator(seed);
  const integer = (from: number, to: number): number => from + Math.floor(random() * (to - from + 1));
  const pick = <T>(options: readonly T[]): T => options[integer(0, options.length - 1)]!;
  const layers: string[] = [];
  let kernels = 0;
  const init = () => tfl.initializers.randomUniform({ minval: -0.4, maxval: 0.4, seed: 1000 * seed + kernels++ });
  const activation = () => pick(['relu', 'tanh', 'sigmoid', 'elu', 'linear', 'softplus', 'selu'] as const);

  const batch = integer(1, 5);
  const shape = [integer(5, 11), integer(5, 11), integer(1, 4)];
  const model = tfl.sequential();
  const size = (): [number, number] => {
    const [, h, w] = model.outputs[0]!.shape as [null, number, number, number];
    return [h, w];
  };
  const add = (name: string, layer: Layer) => {
    layers.push(name);
    model.add(layer);
  };
  model.add(tfl.layers.inputLayer({ inputShape: shape }));

  const depth = integer(2, 5);
  for (let i = 0; i < depth; i++) {
    const smallest = Math.min(...size());
    if (smallest < 2) break;
    const kernelSize: [number, number] = [integer(1, Math.min(5, smallest)), integer(1, Math.min(5, smallest))];
    const padding = pick(['same', 'valid'] as const);
    const strides: [number, number] = pick([
      [1, 1],
      [1, 1],
      [2, 2],
      [2, 1],
      [1, 2],
    ]);
    const poolSize = [integer(1, smallest), integer(1, smallest)].map((p) => Math.min(p, 3)) as [number, number];
    const kind = pick([
      'conv',
      'conv',
      'conv',
      'depthwise',
      'separable',
      'transposed',
      'max',
      'average',
      'norm',
      'norm',
      'act',
      'pad',
      'crop',
    ]);
    const what = `${kind} ${kernelSize} ${padding} ${strides}`;
    switch (kind) {
      case 'conv':
        add(
          what,
          tfl.layers.conv2d({
            filters: integer(1, 6),
            kernelSize,
            strides,
            padding,
            useBias: random() < 0.7,
            activation: activation(),
            kernelInitializer: init(),
            biasInitializer: init(),
          }),
        );
        break;
      case 'depthwise':
        add(
          what,
          tfl.layers.depthwiseConv2d({
            kernelSize,
            strides: [strides[0], strides[0]],
            padding,
            depthMultiplier: integer(1, 2),
            activation: activation(),
            depthwiseInitializer: init(),
            biasInitializer: init(),
          }),
        );
        break;
      case 'separable':
        add(
          what,
          tfl.layers.separableConv2d({
            filters: integer(1, 5),
            kernelSize,
            padding,
            depthwiseInitializer: init(),
            pointwiseInitializer: init(),
          }),
        );
        break;
      case 'transposed':
        add(
          what,
          tfl.layers.conv2dTranspose({
            filters: integer(1, 4),
            kernelSize,
            strides,
            padding,
            activation: activation(),
            kernelInitializer: init(),
            biasInitializer: init(),
          }),
        );
        break;
      case 'max':
        add(`${kind} ${poolSize} ${strides}`, tfl.layers.maxPooling2d({ poolSize, strides, padding }));
        break;
      case 'average':
        // tfjs's gradient of average pooling at padded borders is not the derivative of its pooling.
        add(`${kind} ${poolSize} ${strides}`, tfl.layers.averagePooling2d({ poolSize, strides, padding: 'valid' }));
        break;
      case 'norm':
        add(
          kind,
          random() < 0.5 ? tfl.layers.batchNormalization({ momentum: 0.7 }) : tfl.layers.layerNormalization({}),
        );
        break;
      case 'act':
        add(
          kind,
          pick([
            () => tfl.layers.leakyReLU({ alpha: 0.3 }),
            () => tfl.layers.softmax({ axis: 3 }),
            () => tfl.layers.prelu({ alphaInitializer: init() }),
          ])(),
        );
        break;
      case 'pad':
        add(
          kind,
          tfl.layers.zeroPadding2d({
            padding: [
              [integer(0, 2), integer(0, 2)],
              [1, 0],
            ],
          }),
        );
        break;
      default:
        if (smallest > 4)
          add(
            kind,
            tfl.layers.cropping2D({
              cropping: [
                [1, 0],
                [integer(0, 1), 1],
              ],
            }),
          );
    }
  }
  add(
    'head',
    pick([
      () => tfl.layers.flatten(),
      () => tfl.layers.globalAveragePooling2d({}),
      () => tfl.layers.globalMaxPooling2d({}),
    ])(),
  );
  if (random() < 0.6)
    add('dense', tfl.layers.dense({ units: integer(1, 7), activation: activation(), kernelInitializer: init() }));
  const classes = integer(2, 4);
  add('softmax', tfl.layers.dense({ units: classes, activation: 'softmax', kernelInitializer: init() }));

  const x = tf.tensor(
    Float32Array.from({ length: batch * shape[0]! * shape[1]! * shape[2]! }, () => 2 * random() - 1),
    [batch, ...shape],
  );
  const labels = Int32Array.from({ length: batch }, () => integer(0, classes - 1));
  const y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), classes), 'float32'));
  const optimizer = pick([
    () => tf.train.sgd(0.05),
    () => tf.train.momentum(0.05, 0.9),
    () => tf.train.adam(0.01, 0.9, 0.999, 1e-3),
    () => tf.train.rmsprop(0.01, 0.9, 0, 1e-3),
  ])();
  return { model, x, y, optimizer, layers };
}
