import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { compile, exportGraph, exportOnnx, hostInput, profile, registerOnnxBackend } from '../src/index.js';
import { exported, labels, random, tokens, trainingStep, transformer } from './exported-models.js';
import { readModel } from './read-model.js';

beforeAll(async () => {
  registerOnnxBackend({ threads: 2, hostThreshold: 32 });
  await tf.setBackend('onnx');
});
beforeEach(() => tf.engine().startScope());
afterEach(() => {
  tf.engine().endScope();
  tf.disposeVariables();
});

const toOrt = (t: tf.Tensor) => new OrtTensor(t.dtype as 'float32', t.dataSync<'float32'>(), t.shape);

/** Runs an exported file with ONNX Runtime's public interface. */
async function runFile(bytes: Uint8Array, feeds: Record<string, tf.Tensor>): Promise<Record<string, OrtTensor>> {
  const session = await InferenceSession.create(bytes, { logSeverityLevel: 3 });
  expect([...session.inputNames].sort()).toEqual(Object.keys(feeds).sort());
  const result = await session.run(Object.fromEntries(Object.entries(feeds).map(([name, t]) => [name, toOrt(t)])));
  await session.release();
  return result as Record<string, OrtTensor>;
}

async function expectEqualFile(bytes: Uint8Array, x: tf.Tensor, expected: tf.Tensor): Promise<void> {
  const { output } = await runFile(bytes, { input: x });
  expect(output!.dims).toEqual(expected.shape);
  expect(output!.data as Float32Array).toBeAllclose(expected.dataSync<'float32'>(), { rtol: 1e-5, atol: 1e-5 });
}

describe('exportOnnx', () => {
  for (const [name, { make, input }] of Object.entries(exported)) {
    it(`writes a file that runs like the backend, at any batch size: ${name}`, async () => {
      const fn = make();
      const bytes = exportOnnx(fn, [input(2)], { dynamicBatch: true });
      for (const batch of [1, 2, 5]) await expectEqualFile(bytes, input(batch), fn(input(batch)));
      await expectEqualFile(exportOnnx(fn, [input(3)]), input(3), fn(input(3)));
    });
  }

  for (const rule of ['sgd', 'adam'] as const) {
    it(`writes a training step (${rule}) whose losses and weights follow the backend's, at any batch size`, async () => {
      const { step, variables } = trainingStep(tf.train[rule](0.05));
      step(random([4, 8, 8, 2], 5), labels(4)); // makes the slots of the optimiser
      const before = Object.values(tf.engine().state.registeredVariables).map((v) => Array.from(v.dataSync()));
      const file = exportGraph(step, [random([4, 8, 8, 2], 5), labels(4)] as const, {
        dynamicBatch: true,
        inputNames: ['images', 'labels'],
        outputNames: ['loss'],
      });
      // Following the function changed nothing.
      expect(Object.values(tf.engine().state.registeredVariables).map((v) => Array.from(v.dataSync()))).toEqual(before);
      expect(file.inputs).toEqual(['images', 'labels']);
      expect(file.states.map(({ input }) => input)).toEqual(expect.arrayContaining(['filter', 'dense', 'mean']));
      const state: Record<string, tf.Tensor> = Object.fromEntries(
        file.states.map(({ variable, input }) => [input, tf.clone(variable)]),
      );
      for (const batch of [4, 4, 6, 2]) {
        const [x, y] = [random([batch, 8, 8, 2], batch), labels(batch)];
        const result = await runFile(file.bytes, { images: x, labels: y, ...state });
        const loss = step(x, y);
        expect(result['loss']!.data as Float32Array).toBeAllclose(loss.dataSync<'float32'>(), {
          rtol: 1e-5,
          atol: 1e-6,
        });
        for (const { input, output } of file.states) {
          const next = result[output]!;
          state[input] = tf.tensor(next.data as Float32Array, next.dims as number[]);
        }
        for (const variable of variables) {
          expect(state[variable.name]!.dataSync<'float32'>()).toBeAllclose(variable.dataSync<'float32'>(), {
            rtol: 1e-4,
            atol: 1e-5,
          });
        }
      }
    });
  }

  it.each(Object.entries(exported))(
    'declares one operator set, standard operators and named inputs and outputs: %s',
    (_, { make, input }) => {
      const x = input(2);
      const file = readModel(
        exportOnnx(make(), [x], { dynamicBatch: true, inputNames: ['given'], outputNames: ['made'] }),
      );
      expect(file.operatorSets).toEqual(['ai.onnx 18']);
      expect(file.operators.filter((name) => name.includes('.'))).toEqual([]);
      expect(file.inputs).toEqual([`given: ${x.dtype}[batch,${x.shape.slice(1).join(',')}]`]);
      expect(file.outputs).toEqual([expect.stringMatching(/^made: float32\[batch,\d+\]$/)]);
    },
  );

  it('a training step declares its states by the names of the variables, and what follows them', () => {
    const { step } = trainingStep(tf.train.momentum(0.05, 0.9));
    const images = random([4, 8, 8, 2], 5);
    step(images, labels(4)); // makes the slots of the optimiser
    const file = readModel(
      exportOnnx(step, [images, labels(4)], { dynamicBatch: true, inputNames: ['images', 'labels'] }),
    );
    expect(file.operatorSets).toEqual(['ai.onnx 18']);
    expect(file.operators.filter((name) => name.includes('.'))).toEqual([]);
    const states = ['filter: float32[3,3,2,4]', 'dense: float32[36,3]', 'mean: float32[4]'];
    expect(file.inputs).toEqual(
      expect.arrayContaining(['images: float32[batch,8,8,2]', 'labels: float32[batch,3]', ...states]),
    );
    expect(file.outputs).toEqual(
      expect.arrayContaining(['output: float32[]', ...states.map((state) => state.replace(':', '/next:'))]),
    );
    expect(file.inputs).toHaveLength(2 + 5); // and one slot each of filter and dense
    expect(file.outputs).toHaveLength(1 + 5);
  });

  it('writes convolutions as convolutions, also where the backend saves multiplications', () => {
    const filter = random([3, 3, 32, 32], 1) as tf.Tensor4D;
    const fn = (x: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, filter, 1, 'same');
    const x = random([8, 8, 8, 32], 2);
    const compiled = compile(fn);
    for (let call = 0; call < 2; call++) compiled(x);
    const { operators } = profile(() => compiled(x));
    expect(operators.map(({ operator }) => operator)).toContain('MatMul');
    const text = new TextDecoder('latin1').decode(exportOnnx(fn, [x]));
    expect(text).toContain('Conv');
    expect(text).not.toContain('MatMul');
    compiled.dispose();
  });

  it('names inputs and outputs by the keys of containers, and declares the open dimension', async () => {
    const scale = tf.variable(tf.scalar(3), true, 'scale');
    const fn = ({ left, right }: { left: tf.Tensor; right: tf.Tensor }) => ({
      scores: tf.matMul(tf.mul(left, scale) as tf.Tensor2D, right as tf.Tensor2D, false, true),
      halves: tf.split(left, 2, 0),
    });
    const file = exportGraph(fn, [{ left: tf.ones([4, 3]), right: tf.ones([5, 3]) }], { dynamicBatch: ['left'] });
    expect(file.inputs).toEqual(['left', 'right']);
    expect(file.outputs).toEqual(['scores', 'halves.0', 'halves.1']);
    const text = Buffer.from(file.bytes).toString('latin1');
    for (const name of ['scale', 'batch', 'batch/2']) expect(text).toContain(name);
    const [left, right] = [random([6, 3], 1), random([5, 3], 2)];
    const result = await runFile(file.bytes, { left, right });
    const expected = fn({ left, right });
    expect(result['scores']!.dims).toEqual([6, 5]);
    expect(result['scores']!.data as Float32Array).toBeAllclose(expected.scores.dataSync<'float32'>(), { rtol: 1e-5 });
    expect(result['halves.1']!.data).toEqual(expected.halves[1]!.dataSync());
  });

  it('makes sizes at run time: broadcasts, slices from the end, tiles, means over the batch, numbers divided by it', async () => {
    const fn = (x: tf.Tensor) => {
      const batch = x.shape[0]!;
      const last = tf.slice(x, [batch - 1, 0], [1, 3]);
      const tiled = tf.tile(last, [batch, 2]);
      const spread = tf.broadcastTo(tf.mean(x, 0), [batch, 2, 3]);
      const flat = tf.reshape(tf.mul(spread, 1 / batch), [batch * 2, 3]);
      const padded = tf.pad(x as tf.Tensor2D, [
        [1, batch],
        [0, 0],
      ]);
      return [
        tiled,
        flat,
        tf.concat([x, tf.zeros([batch, 1])], 1),
        padded,
        tf.reshape(tf.add(flat, batch), [2, batch, 3]),
      ];
    };
    const bytes = exportOnnx(fn, [random([3, 3], 1)], { dynamicBatch: true });
    for (const batch of [1, 2, 7]) {
      const x = random([batch, 3], batch);
      const result = await runFile(bytes, { input: x });
      for (const [i, expected] of fn(x).entries()) {
        expect(result[`output_${i}`]!.dims).toEqual(expected.shape);
        expect(result[`output_${i}`]!.data as Float32Array).toBeAllclose(expected.dataSync<'float32'>(), {
          rtol: 1e-5,
          atol: 1e-6,
        });
      }
    }
  });

  it('makes host inputs inputs of the file', async () => {
    const fn = (x: tf.Tensor) =>
      tf.mul(
        x,
        hostInput([x.shape[0]!, 1], 'float32', (out) => out.fill(2)),
      );
    const file = exportGraph(fn, [tf.ones([2, 2])], { dynamicBatch: true });
    expect(file.hostInputs).toEqual(['host_0']);
    const { output } = await runFile(file.bytes, { input: tf.ones([3, 2]), host_0: tf.tensor2d([[1], [2], [3]]) });
    expect(Array.from(output!.data as Float32Array)).toEqual([1, 1, 2, 2, 3, 3]);
  });

  it('refuses what cannot be a file, and says why', () => {
    const x = tf.ones([4, 3]);
    const open = { dynamicBatch: true };
    expect(() => exportOnnx((v: tf.Tensor) => tf.add(v, tf.randomNormal([3])), [x])).toThrow(/would be frozen/);
    expect(() => exportOnnx((v: tf.Tensor) => tf.unique(v as tf.Tensor1D).values, [tf.ones([4])])).toThrow(/Unique/);
    expect(() => exportOnnx((v: tf.Tensor) => tf.mul(v, v.dataSync()[0]!), [x])).toThrow(/reads the numbers/);
    // The identity matrix of the batch, as contrastive losses build it from JavaScript numbers.
    const own = (v: tf.Tensor) => tf.matMul(tf.eye(v.shape[0]!), v as tf.Tensor2D);
    expect(() => exportOnnx(own, [tf.ones([4, 3])], open)).toThrow(/batch dimension cannot be left open.*kernel/);
    expect(() => exportOnnx(own, [tf.ones([4, 3])])).not.toThrow();
    const steps = (v: tf.Tensor) => tf.unstack(v).reduce((sum, row) => tf.add(tf.square(sum), row));
    expect(() => exportOnnx(steps, [x], open)).toThrow(/batch dimension cannot be left open.*kernel Unpack/);
    const pair = (a: tf.Tensor, b: tf.Tensor) => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D);
    expect(() => exportOnnx(pair, [x, tf.ones([3, 2])], open)).toThrow(/same first dimension.*input_0 \[4,3\]/);
    expect(() => exportOnnx(pair, [x, tf.ones([3, 2])], { dynamicBatch: ['z'] })).toThrow(/got 'z'/);
    expect(() => exportOnnx(pair, [x, tf.ones([3, 2])], { inputNames: ['a'] })).toThrow(/2 tensors/);
    expect(() => exportOnnx(pair, [x, tf.ones([3, 2])], { inputNames: ['a', 'a'] })).toThrow(/'a' occurs twice/);
    expect(() => exportOnnx((v: tf.Tensor) => v, [tf.tensor1d(['text'])])).toThrow(/got string\[1\]/);
  });

  it('leaves no tensors behind, thrown errors included', () => {
    const fn = transformer();
    const x = tokens(2, 6);
    exportOnnx(fn, [x], { dynamicBatch: true });
    const before = [tf.memory().numTensors, tf.backend().numDataIds()];
    exportOnnx(fn, [x], { dynamicBatch: true });
    expect(() => exportOnnx((v: tf.Tensor) => tf.unique(tf.reshape(fn(v), [-1])).values, [x])).toThrow();
    expect([tf.memory().numTensors, tf.backend().numDataIds()]).toEqual(before);
  });
});
