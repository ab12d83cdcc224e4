import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';
import { type OnnxBackend, registerOnnxBackend } from '../src/index.js';

const init = (seed: number) => tfl.initializers.glorotUniform({ seed });

type Problem = { model: tfl.LayersModel; x: tf.Tensor; y: tf.Tensor; loss: string };

function recurrent(): Problem {
  const model = tfl.sequential();
  model.add(
    tfl.layers.embedding({
      inputDim: 11,
      outputDim: 6,
      inputLength: 4,
      embeddingsInitializer: init(1),
      maskZero: true,
    }),
  );
  model.add(
    tfl.layers.lstm({ units: 5, returnSequences: true, kernelInitializer: init(2), recurrentInitializer: init(3) }),
  );
  const gru = tfl.layers.gru({ units: 4, kernelInitializer: init(4), recurrentInitializer: init(5) }) as tfl.RNN;
  model.add(tfl.layers.bidirectional({ layer: gru, mergeMode: 'concat' }));
  model.add(tfl.layers.dense({ units: 2, activation: 'softmax', kernelInitializer: init(6) }));
  const x = tf.tensor2d(
    Array.from({ length: 16 * 4 }, (_, i) => (i * 7 + (i >> 3)) % 11),
    [16, 4],
  );
  const labels = tf.tensor1d(
    Array.from({ length: 16 }, (_, i) => i % 2),
    'int32',
  );
  return { model, x, y: tf.oneHot(labels, 2), loss: 'categoricalCrossentropy' };
}

function convolutional(): Problem {
  const model = tfl.sequential();
  const conv = { filters: 6, kernelSize: 5, strides: 2, padding: 'same', activation: 'elu' } as const;
  model.add(tfl.layers.conv2d({ ...conv, inputShape: [11, 9, 3], kernelInitializer: init(1) }));
  model.add(tfl.layers.batchNormalization());
  model.add(
    tfl.layers.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', depthwiseInitializer: init(2) }),
  );
  model.add(tfl.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }));
  model.add(
    tfl.layers.conv2dTranspose({
      filters: 4,
      kernelSize: 4,
      strides: 2,
      padding: 'same',
      activation: 'tanh',
      kernelInitializer: init(3),
    }),
  );
  model.add(tfl.layers.averagePooling2d({ poolSize: 2, padding: 'valid' }));
  model.add(
    tfl.layers.separableConv2d({
      filters: 5,
      kernelSize: 2,
      depthwiseInitializer: init(5),
      pointwiseInitializer: init(6),
    }),
  );
  model.add(tfl.layers.globalAveragePooling2d({}));
  model.add(tfl.layers.dense({ units: 1, activation: 'sigmoid', kernelInitializer: init(7) }));
  const y = tf.tensor2d(
    Array.from({ length: 12 }, (_, i) => i % 2),
    [12, 1],
  );
  return { model, x: tf.randomNormal([12, 11, 9, 3], 0, 1, 'float32', 7), y, loss: 'binaryCrossentropy' };
}

function threeAndOneDimensional(): Problem {
  const input = tfl.input({ shape: [6, 8, 5, 2] });
  const apply = (layer: tfl.layers.Layer, x: tfl.SymbolicTensor) => layer.apply(x) as tfl.SymbolicTensor;
  let h = apply(
    tfl.layers.conv3d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu', kernelInitializer: init(1) }),
    input,
  );
  h = apply(tfl.layers.maxPooling3d({ poolSize: [2, 2, 2] }), h);
  h = apply(tfl.layers.reshape({ targetShape: [24, 3] }), h);
  h = apply(tfl.layers.conv1d({ filters: 4, kernelSize: 3, activation: 'relu', kernelInitializer: init(2) }), h);
  h = apply(tfl.layers.maxPooling1d({ poolSize: 3, strides: 2 }), h);
  const output = apply(tfl.layers.dense({ units: 2, kernelInitializer: init(3) }), apply(tfl.layers.flatten(), h));
  const model = tfl.model({ inputs: input, outputs: output });
  const x = tf.randomNormal([8, 6, 8, 5, 2], 0, 1, 'float32', 3);
  return { model, x, y: tf.randomNormal([8, 2], 0, 1, 'float32', 4), loss: 'meanSquaredError' };
}

const optimizers: Record<string, () => tf.Optimizer> = {
  adam: () => tf.train.adam(0.02),
  momentum: () => tf.train.momentum(0.05, 0.9),
  rmsprop: () => tf.train.rmsprop(0.01),
};

async function losses(backend: string, make: () => Problem, optimizer: () => tf.Optimizer): Promise<number[]> {
  await tf.setBackend(backend);
  const { model, x, y, loss } = make();
  model.compile({ optimizer: optimizer(), loss });
  const seen: number[] = [];
  const onBatchEnd = (_batch: number, logs?: tfl.Logs) => {
    seen.push(logs!['loss'] as number);
  };
  await model.fit(x, y, { epochs: 4, batchSize: 4, shuffle: false, verbose: 0, callbacks: { onBatchEnd } });
  model.dispose();
  tf.dispose([x, y]);
  return seen;
}

describe('model.fit on backend onnx', () => {
  beforeAll(async () => {
    registerOnnxBackend({ threads: 2, hostThreshold: 32 });
    await import('@tensorflow/tfjs-backend-cpu');
  });

  for (const [name, make] of Object.entries({ recurrent, convolutional, threeAndOneDimensional })) {
    for (const [rule, optimizer] of Object.entries(optimizers)) {
      // Unrolled in time, this is by far the largest graph; the rules see nothing new in it.
      if (make === recurrent && rule !== 'adam') continue;
      it(`follows the losses of backend cpu: ${name}, ${rule}`, async () => {
        const expected = await losses('cpu', make, optimizer);
        const actual = await losses('onnx', make, optimizer);
        expect([...(tf.backend() as OnnxBackend).statistics.fallbacks.keys()]).toEqual([]);
        expect(expected.length).toBeGreaterThan(7);
        expect(Float32Array.from(actual)).toBeAllclose(Float32Array.from(expected), { rtol: 2e-4, atol: 1e-6 });
      });
    }
  }
});
