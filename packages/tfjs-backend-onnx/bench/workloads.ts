import * as tf from '@tensorflow/tfjs-core';

/** Training steps that are measured: plain tfjs, as a user writes it. Each step returns its loss. */

let seed = 1;
const normal = (shape: number[], std: number) =>
  tf.variable(tf.mul(tf.randomNormal(shape, 0, 1, 'float32', seed++), std));
const zeros = (shape: number[]) => tf.variable(tf.zeros(shape));
const ones = (shape: number[]) => tf.variable(tf.ones(shape));
const uniform = (shape: number[]) => tf.randomUniform(shape, 0, 1, 'float32', seed++);

interface Dense {
  w: tf.Variable;
  b: tf.Variable;
}
const dense = (i: number, o: number): Dense => ({ w: normal([i, o], 1 / Math.sqrt(i)), b: zeros([o]) });
const linear = (x: tf.Tensor, { w, b }: Dense) => tf.add(tf.matMul(x as tf.Tensor2D, w as tf.Tensor2D), b);
const conv = (k: number, i: number, o: number): Dense => ({
  w: normal([k, k, i, o], 1 / Math.sqrt(k * k * i)),
  b: zeros([o]),
});
const conv2d = (x: tf.Tensor, w: tf.Variable, stride: number, pad: number) =>
  tf.conv2d(x as tf.Tensor4D, w as unknown as tf.Tensor4D, stride, pad) as tf.Tensor;

interface Norm {
  gamma: tf.Variable;
  beta: tf.Variable;
}
const norm = (c: number): Norm => ({ gamma: ones([c]), beta: zeros([c]) });
function batchNorm(x: tf.Tensor, { gamma, beta }: Norm): tf.Tensor {
  const axes = Array.from({ length: x.rank - 1 }, (_, i) => i);
  const { mean, variance } = tf.moments(x, axes);
  return tf.batchNorm(
    x as tf.Tensor4D,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    beta as unknown as tf.Tensor1D,
    gamma as unknown as tf.Tensor1D,
    1e-5,
  );
}
function layerNorm(x: tf.Tensor, { gamma, beta }: Norm): tf.Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return tf.add(tf.mul(tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5))), gamma), beta);
}
const crossEntropy = (labels: tf.Tensor, logits: tf.Tensor) =>
  tf.losses.softmaxCrossEntropy(labels, logits) as tf.Scalar;
const oneHot = (n: number, k: number, f: (i: number) => number) =>
  tf.oneHot(
    tf.tensor1d(
      Array.from({ length: n }, (_, i) => f(i)),
      'int32',
    ),
    k,
  );

/** Identity forwards, gradient times -scale backwards. */
const reverse = (scale: number) =>
  tf.customGrad((x, save) => {
    void save;
    return { value: tf.clone(x as tf.Tensor), gradFunc: (dy: tf.Tensor) => tf.mul(dy, -scale) };
  });

export interface Workload {
  step: () => tf.Scalar;
}

function dann(B = 64): Workload {
  const c1 = conv(5, 3, 64);
  const c2 = conv(5, 64, 50);
  const label = [dense(800, 100), dense(100, 10)] as const;
  const domain = [dense(800, 100), dense(100, 2)] as const;
  const x = uniform([2 * B, 28, 28, 3]);
  const y = oneHot(B, 10, (i) => i % 10);
  const d = oneHot(2 * B, 2, (i) => (i >= B ? 1 : 0));
  const optimizer = tf.train.adam(1e-3);
  const flip = reverse(0.5);
  const head = (f: tf.Tensor, [a, b]: readonly [Dense, Dense]) => linear(tf.relu(linear(f, a)), b);
  const loss = () => {
    let h = tf.maxPool(tf.relu(tf.add(conv2d(x, c1.w, 1, 0), c1.b)) as tf.Tensor4D, 2, 2, 'valid') as tf.Tensor;
    h = tf.maxPool(tf.relu(tf.add(conv2d(h, c2.w, 1, 0), c2.b)) as tf.Tensor4D, 2, 2, 'valid');
    const f = tf.reshape(h, [2 * B, 800]);
    return tf.add(
      crossEntropy(y, head(tf.slice(f, [0, 0], [B, 800]), label)),
      crossEntropy(d, head(flip(f), domain)),
    ) as tf.Scalar;
  };
  return { step: () => optimizer.minimize(loss, true)! };
}

function dcgan(B = 64): Workload {
  const up = [256, 128, 64, 32, 3];
  const down = [3, 32, 64, 128, 256];
  const fc = dense(100, 4096);
  const g = [0, 1, 2, 3].map((i) => normal([4, 4, up[i + 1]!, up[i]!], 0.02));
  const gBias = zeros([3]);
  const gNorm = [256, 128, 64, 32].map(norm);
  const d = [0, 1, 2, 3].map((i) => normal([4, 4, down[i]!, down[i + 1]!], 0.02));
  const dBias = zeros([32]);
  const dNorm = [64, 128, 256].map(norm);
  const dFc = dense(4096, 1);
  const gVars = [fc.w, fc.b, ...g, gBias, ...gNorm.flatMap((n) => [n.gamma, n.beta])];
  const dVars = [...d, dBias, ...dNorm.flatMap((n) => [n.gamma, n.beta]), dFc.w, dFc.b];
  const x = tf.sub(tf.mul(uniform([B, 64, 64, 3]), 2), 1);
  const z1 = normal([B, 100], 1) as tf.Tensor;
  const z2 = normal([B, 100], 1) as tf.Tensor;
  const generate = (z: tf.Tensor) => {
    let h = tf.relu(batchNorm(tf.reshape(linear(z, fc), [B, 4, 4, 256]), gNorm[0]!));
    let size = 4;
    for (let i = 0; i < 4; i++) {
      size *= 2;
      const y = tf.conv2dTranspose(
        h as tf.Tensor4D,
        g[i] as unknown as tf.Tensor4D,
        [B, size, size, up[i + 1]!],
        2,
        'same',
      ) as tf.Tensor;
      h = i < 3 ? tf.relu(batchNorm(y, gNorm[i + 1]!)) : tf.tanh(tf.add(y, gBias));
    }
    return h;
  };
  const judge = (image: tf.Tensor) => {
    let h = tf.leakyRelu(tf.add(conv2d(image, d[0]!, 2, 1), dBias), 0.2);
    for (let i = 1; i < 4; i++) h = tf.leakyRelu(batchNorm(conv2d(h, d[i]!, 2, 1), dNorm[i - 1]!), 0.2);
    return linear(tf.reshape(h, [B, 4096]), dFc);
  };
  const bce = (target: number, logits: tf.Tensor) =>
    tf.losses.sigmoidCrossEntropy(tf.fill(logits.shape, target), logits) as tf.Scalar;
  const og = tf.train.adam(2e-4, 0.5, 0.999);
  const od = tf.train.adam(2e-4, 0.5, 0.999);
  return {
    step: () => {
      const fake = tf.tidy(() => generate(z1));
      const ld = od.minimize(() => tf.add(bce(1, judge(x)), bce(0, judge(fake))) as tf.Scalar, true, dVars)!;
      const lg = og.minimize(() => bce(1, judge(generate(z2))), true, gVars)!;
      return tf.add(ld, lg) as tf.Scalar;
    },
  };
}

function resnet(B = 64): Workload {
  const stem = normal([7, 7, 3, 64], 0.1);
  const stemNorm = norm(64);
  const blocks: { c1: tf.Variable; n1: Norm; c2: tf.Variable; n2: Norm; down?: [tf.Variable, Norm]; stride: number }[] =
    [];
  let input = 64;
  for (const [o, stride] of [
    [64, 1],
    [128, 2],
    [256, 2],
    [512, 2],
  ] as const) {
    for (const s of [stride, 1]) {
      const i = input;
      blocks.push({
        c1: normal([3, 3, i, o], Math.sqrt(2 / (9 * i))),
        n1: norm(o),
        c2: normal([3, 3, o, o], Math.sqrt(2 / (9 * o))),
        n2: norm(o),
        stride: s,
        ...(s !== 1 || i !== o
          ? { down: [normal([1, 1, i, o], Math.sqrt(1 / i)), norm(o)] as [tf.Variable, Norm] }
          : {}),
      });
      input = o;
    }
  }
  const fc = dense(512, 10);
  const x = uniform([B, 64, 64, 3]);
  const y = oneHot(B, 10, (i) => i % 10);
  const optimizer = tf.train.adam(1e-3);
  const loss = () => {
    let h = tf.relu(batchNorm(conv2d(x, stem, 2, 3), stemNorm));
    h = tf.maxPool(h as tf.Tensor4D, 3, 2, 1);
    for (const { c1, n1, c2, n2, down, stride } of blocks) {
      const a = tf.relu(batchNorm(conv2d(h, c1, stride, 1), n1));
      const b = batchNorm(conv2d(a, c2, 1, 1), n2);
      const skip = down === undefined ? h : batchNorm(conv2d(h, down[0], stride, 0), down[1]);
      h = tf.relu(tf.add(b, skip));
    }
    return crossEntropy(y, linear(tf.mean(h, [1, 2]), fc));
  };
  return { step: () => optimizer.minimize(loss, true)! };
}

function transformer(B = 64, T = 32, D = 128, H = 4): Workload {
  const table = normal([100, D], 1);
  const layers = [0, 1].map(() => ({
    qkv: dense(D, 3 * D),
    out: dense(D, D),
    n1: norm(D),
    up: dense(D, 512),
    down: dense(512, D),
    n2: norm(D),
  }));
  const tokens = tf.tensor1d(
    Array.from({ length: B * T }, (_, i) => (i * 37) % 100),
    'int32',
  );
  const optimizer = tf.train.adam(1e-3);
  const loss = () => {
    let h = tf.gather(table as tf.Tensor, tokens) as tf.Tensor;
    for (const l of layers) {
      const qkv = tf.transpose(tf.reshape(linear(h, l.qkv), [B, T, 3, H, D / H]), [2, 0, 3, 1, 4]);
      const [q, k, v] = tf.unstack(qkv) as [tf.Tensor, tf.Tensor, tf.Tensor];
      const a = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(D / H)));
      const o = tf.reshape(tf.transpose(tf.matMul(a, v), [0, 2, 1, 3]), [B * T, D]);
      h = layerNorm(tf.add(h, linear(o, l.out)), l.n1);
      h = layerNorm(tf.add(h, linear(tf.relu(linear(h, l.up)), l.down)), l.n2);
    }
    return tf.mean(tf.square(tf.mean(tf.reshape(h, [B, T, D]), 1))) as tf.Scalar;
  };
  return { step: () => optimizer.minimize(loss, true)! };
}

function lstm(B = 64, T = 32, E = 64, H = 128): Workload {
  const table = normal([100, E], 1);
  const wx = dense(E, 4 * H);
  const wh = normal([H, 4 * H], 0.09);
  const tokens = tf.tensor2d(
    Array.from({ length: B * T }, (_, i) => (i * 37) % 100),
    [T, B],
    'int32',
  );
  const optimizer = tf.train.adam(1e-3);
  const loss = () => {
    const e = tf.reshape(tf.gather(table as tf.Tensor, tf.reshape(tokens, [T * B])), [T * B, E]);
    const p = tf.unstack(tf.reshape(linear(e, wx), [T, B, 4 * H]));
    let h: tf.Tensor = tf.zeros([B, H]);
    let c: tf.Tensor = tf.zeros([B, H]);
    for (let t = 0; t < T; t++) {
      const gates = tf.add(p[t]!, tf.matMul(h as tf.Tensor2D, wh as unknown as tf.Tensor2D));
      const [i, f, g, o] = tf.split(gates, 4, 1) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      c = tf.add(tf.mul(tf.sigmoid(f), c), tf.mul(tf.sigmoid(i), tf.tanh(g)));
      h = tf.mul(tf.sigmoid(o), tf.tanh(c));
    }
    return tf.mean(tf.square(h)) as tf.Scalar;
  };
  return { step: () => optimizer.minimize(loss, true)! };
}

function vae(B = 100): Workload {
  const [a, b, m, l, c, d, e] = [
    [784, 200],
    [200, 200],
    [200, 50],
    [200, 50],
    [50, 200],
    [200, 200],
    [200, 784],
  ].map(([i, o]) => dense(i!, o!)) as [Dense, Dense, Dense, Dense, Dense, Dense, Dense];
  const x = tf.cast(tf.greater(uniform([B, 784]), 0.5), 'float32');
  const eps = normal([B, 50], 1) as tf.Tensor;
  const optimizer = tf.train.adam(1e-3);
  const loss = () => {
    const h = tf.relu(linear(tf.relu(linear(x, a)), b));
    const mu = linear(h, m);
    const lv = linear(h, l);
    const z = tf.add(mu, tf.mul(tf.exp(tf.mul(lv, 0.5)), eps));
    const o = linear(tf.relu(linear(tf.relu(linear(z, c)), d)), e);
    const bce = tf.sum(tf.sub(tf.softplus(o), tf.mul(o, x)));
    const kl = tf.mul(tf.sum(tf.sub(tf.sub(tf.add(lv, 1), tf.square(mu)), tf.exp(lv))), -0.5);
    return tf.div(tf.add(bce, kl), B) as tf.Scalar;
  };
  return { step: () => optimizer.minimize(loss, true)! };
}

function audio(B = 32, L = 8000): Workload {
  const channels = [1, 64, 128, 256];
  const convs = [0, 1, 2].map((i) => ({
    w: normal([3, channels[i]!, channels[i + 1]!], 1 / Math.sqrt(3 * channels[i]!)),
    b: zeros([channels[i + 1]!]),
    n: norm(channels[i + 1]!),
  }));
  const fc = dense(256, 10);
  const x = normal([B, L, 1], 1) as tf.Tensor;
  const y = oneHot(B, 10, (i) => i % 10);
  const optimizer = tf.train.adam(1e-3);
  const loss = () => {
    let h = x;
    for (const { w, b, n } of convs) {
      const z = tf.add(tf.conv1d(h as tf.Tensor3D, w as unknown as tf.Tensor3D, 1, 'same'), b);
      h = tf.squeeze(
        tf.maxPool(tf.expandDims(tf.relu(batchNorm(z, n)), 2) as tf.Tensor4D, [2, 1], [2, 1], 'valid'),
        [2],
      );
    }
    return crossEntropy(y, linear(tf.mean(h, 1), fc));
  };
  return { step: () => optimizer.minimize(loss, true)! };
}

function mlp(B = 64): Workload {
  const layers = [dense(784, 512), dense(512, 256), dense(256, 784)] as const;
  const x = uniform([B, 784]);
  const optimizer = tf.train.adam(1e-3);
  const loss = () =>
    tf.mean(tf.square(linear(tf.relu(linear(tf.relu(linear(x, layers[0])), layers[1])), layers[2]))) as tf.Scalar;
  return { step: () => optimizer.minimize(loss, true)! };
}

export const workloads: Record<string, () => Workload> = { dann, dcgan, resnet, transformer, lstm, vae, audio, mlp };
