import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exportGraph, exportOnnx, registerOnnxBackend } from '../src/index.js';
import { labels, random, trainingStep } from './exported-models.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 2 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

/** None is a multiple of an example's batch but 1; 17 is prime to all of them. */
const BATCHES = [1, 2, 3, 5, 17, 100];
const EXAMPLES = [4, 32];

type Fn = (x: tf.Tensor) => tf.Tensor | tf.Tensor[];
const list = (result: tf.Tensor | tf.Tensor[]): tf.Tensor[] => (Array.isArray(result) ? result : [result]);
const toOrt = (t: tf.Tensor) => new OrtTensor(t.dtype as 'float32', t.dataSync<'float32'>(), t.shape);
const rows = (x: tf.Tensor) => x as tf.Tensor2D;
const size = (x: tf.Tensor) => x.shape[0]!;

const similarity = (x: tf.Tensor) => tf.matMul(rows(x), rows(x), false, true);

/** InfoNCE of two halves of the features: each row against all others; the own one stands on the diagonal. */
function contrastive(x: tf.Tensor): tf.Tensor {
  const [a, b] = tf.split(x, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const scores = tf.mul(tf.matMul(a, b, false, true), 2);
  const own = tf.mul(tf.sum(tf.mul(a, b), 1), 2);
  return tf.mean(tf.sub(tf.logSumExp(scores, 1), own));
}

function batchNorm(x: tf.Tensor): tf.Tensor {
  const { mean, variance } = tf.moments(x, 0);
  return tf.div(tf.sub(x, mean), tf.sqrt(tf.add(variance, 1e-3)));
}

/** Functions of [batch, 6]. */
const functions: Record<string, Fn> = {
  'mean over the batch': (x) => tf.mean(x, 0),
  'sum over the batch': (x) => tf.sum(x, 0),
  'sum of everything': (x) => tf.sum(x),
  'mean of everything': (x) => tf.mean(x),
  'largest and smallest of the batch': (x) => [tf.max(x, 0), tf.min(x, 0), tf.max(x)],
  'product over the batch': (x) => tf.prod(tf.add(1, tf.mul(x, 0.01)), 0),
  'position of the largest in the batch and in the row': (x) => [tf.argMax(x, 0), tf.argMin(x, 1)],
  'moments over the batch': (x) => {
    const { mean, variance } = tf.moments(x, 0);
    return [mean, variance];
  },
  'unbiased variance': (x) => {
    const { variance } = tf.moments(x, 0);
    return tf.mul(variance, size(x) / (size(x) - 0.5));
  },
  'batch normalisation': batchNorm,
  'gradient of batch normalisation': (x) => tf.grad((v) => tf.sum(tf.square(tf.sin(batchNorm(v)))))(x),
  'gradient of a mean': (x) => tf.grad((v) => tf.mean(tf.square(v)))(x),
  'mean squared error': (x) => tf.losses.meanSquaredError(tf.zerosLike(x), x),
  'softmax cross entropy': (x) => tf.losses.softmaxCrossEntropy(tf.softmax(tf.mul(x, 2)), x),
  'softmax over the batch': (x) => tf.softmax(tf.transpose(x)),
  'log sum exp over the batch': (x) => tf.logSumExp(x, 0),
  zerosLike: (x) => tf.add(tf.zerosLike(x), 1),
  onesLike: (x) => tf.onesLike(x),
  'zeros and fill by shape': (x) => [
    tf.add(tf.zeros([size(x), 2]), 3),
    tf.fill([size(x)], 2.5),
    tf.fill([2, size(x)], 7),
  ],
  'ones beside the input': (x) => tf.concat([x, tf.ones([size(x), 2])], 1),
  'batch and time merged': (x) => {
    const flat = tf.reshape(x, [size(x) * 3, 2]);
    const weight = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    return tf.reshape(tf.matMul(rows(flat), weight), [size(x), 3, 3]);
  },
  'batch and time merged, reduced over both': (x) => tf.mean(tf.reshape(x, [size(x) * 3, 2]), 0),
  'joined along the batch': (x) => tf.concat([x, tf.mul(x, 2), tf.ones([3, 6])], 0),
  'slices along the batch': (x) => [tf.slice(x, [size(x) - 1, 0], [1, 6]), tf.slice(x, [0, 1], [size(x), 2])],
  'reversed along the batch': (x) => tf.reverse(x, 0),
  'padded along the batch': (x) =>
    tf.pad(rows(x), [
      [1, 2],
      [0, 1],
    ]),
  'gather of columns': (x) => tf.gather(x, [5, 0, 0], 1),
  'gather of the first row': (x) => tf.gather(x, [0, 0]),
  'gather by position': (x) => tf.gather(tf.mul(tf.tensor2d([1, 2, 3, 4, 5, 6], [6, 1]), 3), tf.argMax(x, 1)),
  'one-hot': (x) => tf.oneHot(tf.argMax(x, 1), 6),
  'one-hot against the batch': (x) => tf.mul(tf.cast(tf.oneHot(tf.argMax(x, 1), 6), 'float32'), x),
  'similarity matrix': similarity,
  'mean of the similarity matrix': (x) => tf.mean(similarity(x)),
  'gradient of the mean of the similarity matrix': (x) => tf.grad((v) => tf.mean(tf.square(similarity(v))))(x),
  contrastive,
  'gradient of a contrastive loss': (x) => tf.grad((v) => contrastive(v) as tf.Scalar)(x),
  'distances of all pairs': (x) =>
    tf.sum(tf.square(tf.sub(tf.reshape(x, [size(x), 1, 6]), tf.reshape(x, [1, size(x), 6]))), 2),
  'cumulative sum over the batch': (x) => tf.cumsum(x, 0),
  'tiled and transposed': (x) => [tf.tile(x, [2, 1]), tf.transpose(x)],
  'the size of the batch as a number': (x) => [tf.mul(x, size(x)), tf.div(x, size(x)), tf.add(x, 1 / size(x) ** 2)],
  'the number of pairs': (x) => tf.mul(tf.sum(x), 1 / (size(x) * (size(x) + 1))),
  'images, pooled and normalised': (x) => {
    const image = tf.reshape(x, [size(x), 3, 2, 1]) as tf.Tensor4D;
    const filter = tf.tensor4d([1, -1, 0.5, 2, 1, 0, 0.25, 1], [2, 2, 1, 2]);
    const pooled = tf.avgPool(tf.conv2d(image, filter, 1, 'same'), 2, 1, 'same');
    const { mean, variance } = tf.moments(pooled, [0, 1, 2]);
    return tf.mean(tf.abs(tf.div(tf.sub(pooled, mean), tf.sqrt(tf.add(variance, 0.1)))), [1, 2]);
  },
  'gradients of weights and biases': (x) => {
    const weight = tf.tensor2d(
      Array.from({ length: 24 }, (_, i) => Math.sin(i)),
      [6, 4],
    );
    const loss = (w: tf.Tensor, b: tf.Tensor) => tf.mean(tf.square(tf.tanh(tf.add(tf.matMul(rows(x), rows(w)), b))));
    return tf.grads(loss)([weight, tf.ones([4])]);
  },
  'the largest k of each row': (x) => {
    const { values, indices } = tf.topk(x, 2);
    return [values, indices];
  },
};

/** Equal in shape and type, and in numbers up to rounding, whose size grows with the batch. */
async function expectEqual(session: InferenceSession, fn: Fn, batch: number, names: readonly string[]) {
  const x = random([batch, 6], batch);
  const result = await session.run({ input: toOrt(x) });
  const expected = list(fn(x));
  for (const [i, tensor] of expected.entries()) {
    const output = result[names[i]!]!;
    const how = `batch ${batch}, output ${i}`;
    expect(output.dims, how).toEqual(tensor.shape);
    expect(output.type, how).toBe(tensor.dtype);
    expect(Float32Array.from(output.data as Float32Array), how).toBeAllclose(Float32Array.from(tensor.dataSync()), {
      rtol: 2e-5,
      atol: 2e-5,
    });
  }
}

describe('files with an open batch are right at every batch size', () => {
  for (const [name, fn] of Object.entries(functions)) {
    it(name, async () => {
      for (const example of EXAMPLES) {
        const { bytes, outputs } = exportGraph(fn as never, [tf.zeros([example, 6])] as never, { dynamicBatch: true });
        const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
        expect(session.inputNames).toEqual(['input']);
        for (const batch of BATCHES) await expectEqual(session, fn, batch, outputs);
        await session.release();
      }
    });
  }

  it('a function that splits its batch is right at the sizes that it takes', async () => {
    const halves: Fn = (x) => tf.concat((tf.split(x, 2) as tf.Tensor[]).map((part) => tf.mean(part, 0, true)));
    const session = await InferenceSession.create(exportOnnx(halves, [tf.zeros([4, 6])], { dynamicBatch: true }));
    for (const batch of [2, 6, 34, 100]) await expectEqual(session, halves, batch, ['output']);
    await session.release();
  });

  const open = { dynamicBatch: true } as const;
  it.each<[string, Fn, RegExp]>([
    ['identity matrices', (x) => tf.matMul(tf.eye(size(x)), rows(x)), /depends? on the batch size/],
    ['positions', (x) => tf.add(x, tf.reshape(tf.range(0, size(x)), [-1, 1])), /depends? on the batch size/],
    ['dropout', (x) => tf.dropout(x, 0.5), /would be frozen/],
    ['one step per row', (x) => tf.addN(tf.unstack(x).map((row) => tf.square(row))), /batch dimension.*Unpack/],
    ['a flat matrix of pairs', (x) => tf.reshape(similarity(x), [size(x) ** 2]), /straight line/],
    ['squeezing', (x) => tf.squeeze(tf.slice(x, [0, 0], [size(x), 1])), /for a batch of one the function returns \[\]/],
    ['another way for few', (x) => (size(x) > 6 ? tf.neg(x) : x), /depends? on the batch size/],
  ])('%s: refused, and said why', (_name, fn, reason) => {
    expect(() => exportOnnx(fn as never, [tf.zeros([4, 6])] as never, open)).toThrow(reason);
  });
});

describe('training steps with an open batch are right at every batch size', () => {
  for (const example of EXAMPLES) {
    it(`batch statistics, Adam, followed at ${example}`, async () => {
      const { step, variables } = trainingStep(tf.train.adam(0.05));
      step(random([4, 8, 8, 2], 5), labels(4)); // makes the slots of the optimiser
      const file = exportGraph(step, [random([example, 8, 8, 2], 5), labels(example)] as const, {
        dynamicBatch: true,
        inputNames: ['images', 'labels'],
        outputNames: ['loss'],
      });
      const session = await InferenceSession.create(file.bytes, { logSeverityLevel: 3 });
      let state: Record<string, OrtTensor> = Object.fromEntries(
        file.states.map(({ variable, input }) => [input, toOrt(variable)]),
      );
      for (const batch of BATCHES) {
        const [x, y] = [random([batch, 8, 8, 2], batch), labels(batch)];
        const result = await session.run({ images: toOrt(x), labels: toOrt(y), ...state });
        const loss = step(x, y);
        const close = { rtol: 1e-4, atol: 1e-4 };
        expect(result['loss']!.data as Float32Array).toBeAllclose(loss.dataSync<'float32'>(), close);
        state = Object.fromEntries(file.states.map(({ input, output }) => [input, result[output]! as OrtTensor]));
        for (const variable of variables)
          expect(state[variable.name]!.data as Float32Array).toBeAllclose(variable.dataSync<'float32'>(), close);
      }
      await session.release();
    });
  }

  it('a model of tfjs-layers with batch normalisation, as it trains', async () => {
    const model = tfl.sequential();
    const init = (seed: number) => tfl.initializers.glorotUniform({ seed });
    model.add(tfl.layers.dense({ units: 5, inputShape: [6], kernelInitializer: init(1) }));
    model.add(tfl.layers.batchNormalization());
    model.add(tfl.layers.dense({ units: 2, kernelInitializer: init(2) }));
    const fn: Fn = (x) => model.apply(x, { training: true }) as tf.Tensor;
    // Following it would move the averages; a copy of them does.
    const session = await InferenceSession.create(
      exportOnnx((x: tf.Tensor) => list(fn(x)), [tf.zeros([32, 6])], { dynamicBatch: true, outputNames: ['output'] }),
      { logSeverityLevel: 3 },
    );
    for (const batch of BATCHES) {
      const x = random([batch, 6], batch);
      const feeds = Object.fromEntries(
        session.inputNames.map((name) => [
          name,
          toOrt(name === 'input' ? x : tf.engine().state.registeredVariables[name]!),
        ]),
      );
      const result = await session.run(feeds);
      expect(result['output']!.data as Float32Array).toBeAllclose(list(fn(x))[0]!.dataSync<'float32'>(), {
        rtol: 1e-4,
        atol: 1e-4,
      });
    }
    await session.release();
  });
});
