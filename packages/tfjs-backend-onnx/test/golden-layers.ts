import * as tf from '@tensorflow/tfjs-core';

/** The layers of the golden files in TensorFlow.js operations. Tensors come and go in PyTorch's layouts. */

type Tensors = Record<string, tf.Tensor>;
export type Layer = (tensors: Tensors, options: Options) => Tensors;

export interface Options {
  [name: string]: unknown;
}

const number = (options: Options, name: string, fallback: number): number =>
  (options[name] as number | undefined) ?? fallback;
const list = (value: unknown, length: number, fallback: number): number[] =>
  Array.isArray(value)
    ? (value as number[])
    : new Array<number>(length).fill((value as number | undefined) ?? fallback);

const last = (x: tf.Tensor): tf.Tensor =>
  tf.transpose(x, [0, ...Array.from({ length: x.rank - 2 }, (_, i) => i + 2), 1]);
const first = (x: tf.Tensor): tf.Tensor =>
  tf.transpose(x, [0, x.rank - 1, ...Array.from({ length: x.rank - 2 }, (_, i) => i + 1)]);
/** [out, in, ...kernel] -> [...kernel, in, out]. */
const filterOf = (w: tf.Tensor): tf.Tensor =>
  tf.transpose(w, [...Array.from({ length: w.rank - 2 }, (_, i) => i + 2), 1, 0]);
const biased = (y: tf.Tensor, bias: tf.Tensor | undefined): tf.Tensor => (bias ? tf.add(y, bias) : y);

function convolution({ x, weight, bias }: Tensors, options: Options): Tensors {
  const dims = options['dims'] as number;
  const kernel = list(options['kernel'], dims, 1);
  const strides = list(options['stride'], dims, 1);
  const same = options['padding'] === 'same';
  const padding = list(same ? 0 : options['padding'], dims, 0);
  const frame = kernel.map((k, i): [number, number] =>
    same ? [Math.floor((k - 1) / 2), Math.ceil((k - 1) / 2)] : [padding[i]!, padding[i]!],
  );
  const padded = tf.pad(last(x!), [[0, 0], ...frame, [0, 0]]);
  const groups = number(options, 'groups', 1);
  let y: tf.Tensor;
  if (dims === 1) y = tf.conv1d(padded as tf.Tensor3D, filterOf(weight!) as tf.Tensor3D, strides[0]!, 'valid');
  else if (dims === 3)
    y = tf.conv3d(
      padded as tf.Tensor5D,
      filterOf(weight!) as tf.Tensor5D,
      strides as [number, number, number],
      'valid',
    );
  else if (groups === 1)
    y = tf.conv2d(padded as tf.Tensor4D, filterOf(weight!) as tf.Tensor4D, strides as [number, number], 'valid');
  else {
    const filter = tf.transpose(tf.reshape(weight!, [groups, -1, ...kernel]), [2, 3, 0, 1]);
    y = tf.depthwiseConv2d(padded as tf.Tensor4D, filter as tf.Tensor4D, strides as [number, number], 'valid');
  }
  return { y: first(biased(y, bias)) };
}

function transposed({ x, weight, bias }: Tensors, options: Options): Tensors {
  const flat = options['dims'] === 1;
  const [image, filter] = flat ? [tf.expandDims(x!, 2), tf.expandDims(weight!, 2)] : [x!, weight!];
  const kernel = filter.shape.slice(2) as [number, number];
  const strides = flat ? [1, options['stride'] as number] : list(options['stride'], 2, 1);
  const padding = flat ? [0, number(options, 'padding', 0)] : list(options['padding'], 2, 0);
  const more = list(options['output_padding'], 2, 0);
  const input = last(image) as tf.Tensor4D;
  const whole = [1, 2].map((axis) => (input.shape[axis]! - 1) * strides[axis - 1]! + kernel[axis - 1]!);
  // [in, out, h, w] -> [h, w, out, in]
  const w = tf.transpose(filter, [2, 3, 1, 0]) as tf.Tensor4D;
  const out: [number, number, number, number] = [input.shape[0], whole[0]!, whole[1]!, w.shape[2]];
  const full = tf.conv2dTranspose(input, w, out, strides as [number, number], 'valid');
  const size = whole.map((length, i) => length - 2 * padding[i]! + (flat ? 0 : more[i]!));
  const y = first(biased(tf.slice(full, [0, ...padding, 0], [out[0], ...size, out[3]]), bias));
  return { y: flat ? tf.squeeze(y, [2]) : y };
}

function normalised(x: tf.Tensor, axes: number[], epsilon: number): tf.Tensor {
  const { mean, variance } = tf.moments(x, axes, true);
  return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, epsilon)));
}

const scaled = (x: tf.Tensor, { weight, bias }: Tensors): tf.Tensor => biased(weight ? tf.mul(x, weight) : x, bias);

function layerNorm(tensors: Tensors, options: Options): Tensors {
  const shape = (options['args'] as (number | number[])[])[0]!;
  const x = tensors['x']!;
  const count = Array.isArray(shape) ? shape.length : 1;
  const axes = Array.from({ length: count }, (_, i) => x.rank - count + i);
  const epsilon = number(options, 'eps', 1e-5);
  if (options['kind'] === 'RMSNorm') {
    const root = tf.sqrt(tf.add(tf.mean(tf.square(x), axes, true), epsilon));
    return { y: scaled(tf.div(x, root), tensors) };
  }
  return { y: scaled(normalised(x, axes, epsilon), tensors) };
}

function batchNorm({ x, weight, bias, running_mean: mean, running_var: variance }: Tensors, options: Options): Tensors {
  const epsilon = number(options, 'eps', 1e-5);
  const image = x!.rank === 2 ? x! : last(x!);
  const back = (y: tf.Tensor): tf.Tensor => (x!.rank === 2 ? y : first(y));
  if (!options['train'])
    return {
      y: back(
        tf.batchNorm(
          image,
          mean as tf.Tensor1D,
          variance as tf.Tensor1D,
          bias as tf.Tensor1D,
          weight as tf.Tensor1D,
          epsilon,
        ),
      ),
    };
  const axes = Array.from({ length: image.rank - 1 }, (_, i) => i);
  const moments = tf.moments(image, axes);
  const momentum = number(options, 'momentum', 0.1);
  const count = image.size / image.shape[image.rank - 1]!;
  const blend = (old: tf.Tensor, now: tf.Tensor) => tf.add(tf.mul(old, 1 - momentum), tf.mul(now, momentum));
  return {
    y: back(biased(tf.mul(normalised(image, axes, epsilon), weight!), bias)),
    running_mean: blend(mean!, moments.mean),
    running_var: blend(variance!, tf.mul(moments.variance, count / (count - 1))),
  };
}

function recurrent(tensors: Tensors, options: Options): Tensors {
  const [x, h0] = [tensors['x']!, tensors['h0']];
  const [wi, wh, bi, bh] = ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0'].map(
    (name) => tensors[name]!,
  ) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor, tf.Tensor];
  const hidden = options['hidden'] as number;
  let h = h0 ? tf.squeeze(h0, [0]) : tf.zeros([x.shape[0]!, hidden]);
  let c = tf.zeros([x.shape[0]!, hidden]);
  const outputs: tf.Tensor[] = [];
  for (const frame of tf.unstack(x, 1)) {
    const fromInput = tf.add(tf.matMul(frame as tf.Tensor2D, wi, false, true), bi);
    const fromState = tf.add(tf.matMul(h as tf.Tensor2D, wh, false, true), bh);
    if (options['kind'] === 'LSTM') {
      const [i, f, g, o] = tf.split(tf.add(fromInput, fromState), 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
      h = tf.mul(tf.sigmoid(o), tf.tanh(c));
    } else if (options['kind'] === 'GRU') {
      const [ri, zi, ni] = tf.split(fromInput, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const [rh, zh, nh] = tf.split(fromState, 3, 1) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const z = tf.sigmoid(tf.add(zi, zh));
      const n = tf.tanh(tf.add(ni, tf.mul(tf.sigmoid(tf.add(ri, rh)), nh)));
      h = tf.add(tf.mul(tf.sub(1, z), n), tf.mul(z, h));
    } else h = tf.tanh(tf.add(fromInput, fromState));
    outputs.push(h);
  }
  const state = (value: tf.Tensor) => tf.expandDims(value, 0);
  return { y: tf.stack(outputs, 1), h_n: state(h), ...(options['kind'] === 'LSTM' ? { c_n: state(c) } : {}) };
}

function pooling({ x }: Tensors, options: Options): Tensors {
  const flat = x!.rank === 3;
  const image = last(flat ? tf.expandDims(x!, 2) : x!) as tf.Tensor4D;
  const size = options['kernel_size'] as number;
  const stride = number(options, 'stride', size);
  const [kernel, strides]: [number, number][] = flat
    ? [
        [1, size],
        [1, stride],
      ]
    : [
        [size, size],
        [stride, stride],
      ];
  const padding = number(options, 'padding', 0);
  const run = (options['fn'] as string).startsWith('Max') ? tf.maxPool : tf.avgPool;
  // With a number for padding, tfjs takes windows for square.
  const y = first(
    run(image, kernel!, strides!, padding === 0 ? 'valid' : padding, padding === 0 ? undefined : 'floor'),
  );
  return { y: flat ? tf.squeeze(y, [2]) : y };
}

function resized({ x }: Tensors, options: Options): Tensors {
  const [height, width] = x!.shape.slice(2) as [number, number];
  const factor = options['scale_factor'] as number | undefined;
  const size = (options['size'] as [number, number] | undefined) ?? [height * factor!, width * factor!];
  const image = last(x!) as tf.Tensor4D;
  if (options['mode'] === 'nearest') return { y: first(tf.image.resizeNearestNeighbor(image, size)) };
  const corners = Boolean(options['align_corners']);
  return { y: first(tf.image.resizeBilinear(image, size, corners, !corners)) };
}

function attention({ query, key, value, mask }: Tensors, options: Options): Tensors {
  const scale = number(options, 'scale', 1 / Math.sqrt(query!.shape[3]!));
  let scores = tf.mul(tf.matMul(query!, key!, false, true), scale);
  if (mask) scores = tf.add(scores, mask);
  if (options['is_causal']) {
    const [rows, columns] = scores.shape.slice(-2) as [number, number];
    const later = tf.greater(tf.range(0, columns), tf.reshape(tf.range(0, rows), [rows, 1]));
    scores = tf.where(tf.broadcastTo(later, scores.shape), tf.fill(scores.shape, -1e9), scores);
  }
  return { y: tf.matMul(tf.softmax(scores), value!) };
}

const activation =
  (f: (x: tf.Tensor) => tf.Tensor): Layer =>
  ({ x }) => ({ y: f(x!) });

/** By the beginning of the case's name; the longest that fits counts. */
export const layers: Record<string, Layer> = {
  conv: convolution,
  conv_transpose: transposed,
  linear: ({ x, weight, bias }) => {
    const rows = tf.reshape(x!, [-1, weight!.shape[1]!]);
    const y = biased(tf.matMul(rows as tf.Tensor2D, weight as tf.Tensor2D, false, true), bias);
    return { y: tf.reshape(y, [...x!.shape.slice(0, -1), weight!.shape[0]!]) };
  },
  embedding: ({ ids, weight }) => ({ y: tf.gather(weight!, tf.cast(ids!, 'int32')) }),
  layer_norm: layerNorm,
  rms_norm: layerNorm,
  batch_norm: batchNorm,
  lstm: recurrent,
  gru: recurrent,
  rnn_tanh: recurrent,
  max_pool: pooling,
  avg_pool: pooling,
  adaptive_avg_pool2d_1: ({ x }) => ({ y: tf.mean(x!, [2, 3], true) }),
  pixel_unshuffle: ({ x }) => {
    const [n, c, h, w] = x!.shape as [number, number, number, number];
    const blocks = tf.transpose(tf.reshape(x!, [n, c, h / 2, 2, w / 2, 2]), [0, 1, 3, 5, 2, 4]);
    return { y: tf.reshape(blocks, [n, 4 * c, h / 2, w / 2]) };
  },
  upsample: resized,
  interpolate: resized,
  attention,
  activation_relu: activation(tf.relu),
  activation_leaky_relu: activation((x) => tf.leakyRelu(x, 0.2)),
  activation_softplus: activation(tf.softplus),
  activation_elu: activation(tf.elu),
  activation_selu: activation(tf.selu),
  activation_sigmoid: activation(tf.sigmoid),
  activation_tanh: activation(tf.tanh),
  activation_relu6: activation(tf.relu6),
  activation_hardtanh: activation((x) => tf.clipByValue(x, -1, 2)),
  activation_silu: activation((x) => tf.mul(x, tf.sigmoid(x))),
  activation_gelu_exact: activation((x) => tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1))),
  activation_logsigmoid: activation(tf.logSigmoid),
  activation_softmax: activation((x) => tf.softmax(x)),
  activation_log_softmax: activation((x) => tf.logSoftmax(x)),
};

export function layerOf(name: string): Layer {
  const fitting = Object.keys(layers).filter((key) => name.startsWith(key));
  return layers[fitting.sort((a, b) => b.length - a.length)[0]!]!;
}
