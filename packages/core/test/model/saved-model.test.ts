import '@tensorflow/tfjs-backend-cpu';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import { registerOnnxBackend } from '@crossmodal/tfjs-backend-onnx';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineEncoder, disposeVariables, type Inputs, namedVariables, trainableVariables } from '../../src/index.js';
import { l2NormalizeLayer, maskedPooling, transformerBlock } from '../../src/layers/index.js';
import { loadModel, saveModel } from '../../src/models/index.js';
import { loadVariables, saveVariables } from '../../src/train/index.js';

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-model-'));
beforeAll(async () => {
  registerOnnxBackend({ hostThreshold: 32 });
  await tf.setBackend('cpu');
});
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const initializer = (seed: number) => tfl.initializers.glorotUniform({ seed });

function textModel(): tfl.LayersModel {
  const ids = tfl.input({ shape: [5] });
  const mask = tfl.input({ shape: [5] });
  const embeddings = tfl.initializers.randomNormal({ mean: 0, stddev: 1, seed: 1 });
  const words = tfl.layers.embedding({ inputDim: 11, outputDim: 6, embeddingsInitializer: embeddings }).apply(ids);
  const hidden = transformerBlock({ heads: 2, hidden: 8, seed: 3 }).apply([words as tfl.SymbolicTensor, mask]);
  const pooled = maskedPooling().apply([hidden as tfl.SymbolicTensor, mask]);
  const projected = tfl.layers.dense({ units: 4, kernelInitializer: initializer(2) }).apply(pooled);
  const output = l2NormalizeLayer().apply(projected) as tfl.SymbolicTensor;
  return tfl.model({ inputs: [ids, mask], outputs: output });
}

const inputs = (): Inputs => ({
  ids: tf.tensor2d([
    [1, 2, 3, 0, 0],
    [4, 5, 6, 7, 8],
  ]),
  mask: tf.tensor2d([
    [1, 1, 1, 0, 0],
    [1, 1, 1, 1, 1],
  ]),
});

describe('names of variables', () => {
  test('do not depend on what else was built', () => {
    const first = textModel();
    tfl.layers.dense({ units: 3 }).apply(tf.zeros([1, 2]));
    const second = textModel();
    expect(Object.keys(namedVariables(first))).toEqual(Object.keys(namedVariables(second)));
    expect(Object.keys(namedVariables(first))).toContain('transformer_block/attention_input_kernel');
    expect(Object.keys(namedVariables(first))).toContain('dense/kernel');
  });

  test('number layers of one class, keep names given by hand, and reach into models and wrappers', () => {
    const inner = tfl.sequential({
      layers: [tfl.layers.dense({ units: 2, inputShape: [3], name: 'mine' }), tfl.layers.dense({ units: 2 })],
    });
    const lstm = tfl.layers.lstm({ units: 2, recurrentInitializer: 'glorotNormal' }) as tfl.RNN;
    const model = tfl.sequential({
      layers: [
        tfl.layers.bidirectional({ layer: lstm, inputShape: [4, 3], mergeMode: 'concat' }),
        tfl.layers.dense({ units: 3 }),
        inner,
        tfl.layers.dense({ units: 1 }),
      ],
    });
    const names = Object.keys(namedVariables(model));
    expect(names).toContain('dense/kernel');
    expect(names).toContain('dense_1/kernel');
    expect(names.filter((name) => name.endsWith('mine/kernel'))).toHaveLength(1);
    expect(names).toHaveLength(6 + 2 + 4 + 2);
    expect(new Set(Object.values(namedVariables(model))).size).toBe(names.length);
    expect(trainableVariables(model)).toHaveLength(names.length);
    model.dispose();
  });
});

describe('saved models', () => {
  test('load on another device with the same outputs', async () => {
    const folder = join(temporary, 'text');
    const model = textModel();
    const { ids, mask } = inputs();
    const expected = (model.predict([ids!, mask!]) as tf.Tensor).arraySync() as number[][];
    await saveModel(folder, model);
    await saveModel(folder, model);
    expect(readdirSync(folder).sort()).toEqual(['model.json', 'weights.safetensors']);
    await tf.setBackend('onnx');
    const loaded = await loadModel(folder);
    const again = inputs();
    expect(loaded.predict([again['ids']!, again['mask']!]) as tf.Tensor).toBeAllclose(expected, { atol: 1e-5 });
    await tf.setBackend('cpu');
  });

  test('missing, foreign and damaged files are refused with the reason', async () => {
    const folder = join(temporary, 'bad');
    await expect(loadModel(join(temporary, 'nothing'))).rejects.toThrow(/nothing.model\.json: cannot be read: ENOENT/);
    mkdirSync(folder);
    const write = (text: string) => writeFileSync(join(folder, 'model.json'), text);
    write('{');
    await expect(loadModel(folder)).rejects.toThrow('is not JSON');
    write('{}');
    await expect(loadModel(folder)).rejects.toThrow('is not a model of this package');
    await saveModel(folder, textModel());
    const json = readFileSync(join(folder, 'model.json'), 'utf8');
    write(json.replace('"version":1', '"version":2'));
    await expect(loadModel(folder)).rejects.toThrow('has version 2, this package reads 1');
    write(json.replace('"TransformerBlock"', '"Unheard"'));
    await expect(loadModel(folder)).rejects.toThrow('its layers cannot be built');
    write(json.replace('"units":4', '"units":5'));
    const before = tf.memory().numTensors;
    await expect(loadModel(folder)).rejects.toThrow(/dense\/kernel \(file \[6,4\], model \[6,5\]\)/);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('defineEncoder', () => {
  const make = () => {
    const model = textModel();
    return defineEncoder<string>({
      modality: 'text',
      model,
      inputs: ['ids', 'mask'],
      prepare: async () => inputs(),
      sequenceModel: tfl.model({ inputs: model.inputs, outputs: model.layers.at(-4)!.output as tfl.SymbolicTensor }),
    });
  };

  test('encodes, gives sequences with their mask, and names its variables', async () => {
    const encoder = make();
    const prepared = await encoder.prepare(['a', 'b']);
    const vectors = encoder.encode(prepared);
    expect(vectors.shape).toEqual([2, 4]);
    expect(encoder.dimension).toBe(4);
    expect(tf.norm(vectors, 2, 1)).toBeAllclose([1, 1]);
    const { sequence, mask } = encoder.encodeSequence!(prepared);
    expect(sequence.shape).toEqual([2, 5, 6]);
    expect(mask).toBe(prepared['mask']);
    expect(encoder.trainableVariables()).toHaveLength(Object.keys(encoder.namedVariables()).length);
    await expectNoLeak(() => encoder.encode(prepared, { training: true }));
    await expectNoLeakWhenThrowing(
      () => encoder.encode({ ids: prepared['ids']! }),
      'encode: the text encoder needs the inputs ids, mas',
    );
    const file = join(temporary, 'encoder.safetensors');
    await saveVariables(file, encoder.namedVariables());
    const copy = make();
    disposeVariables([]);
    for (const variable of copy.trainableVariables()) variable.assign(tf.zerosLike(variable));
    await loadVariables(file, copy.namedVariables());
    expect(copy.encode(prepared)).toBeAllclose(vectors, { rtol: 0, atol: 0 });
    encoder.dispose();
    copy.dispose();
  });

  test('is differentiable', async () => {
    const encoder = make();
    const prepared = await encoder.prepare([]);
    const { grads } = tf.variableGrads(
      () => tf.sum(tf.square(tf.sub(encoder.encode(prepared, { training: true }), 0.3))) as tf.Scalar,
      encoder.trainableVariables(),
    );
    for (const gradient of Object.values(grads)) {
      const values = [...gradient.dataSync()];
      expect(values.every(Number.isFinite)).toBe(true);
    }
    expect(Object.keys(grads)).toHaveLength(encoder.trainableVariables().length);
    encoder.dispose();
  });

  test('says what is wrong', async () => {
    const model = textModel();
    const options = { modality: 'text', model, prepare: async () => inputs() };
    expect(() => defineEncoder({ ...options, inputs: ['ids'] })).toThrow("each of the model's 2 inputs, got [ids]");
    const encoder = defineEncoder({ ...options, inputs: ['ids', 'mask'] });
    expect(() => encoder.encode({ ids: tf.zeros([2, 5]) })).toThrow('needs the inputs ids, mask, got ids');
    const wide = tfl.model({ inputs: model.inputs, outputs: model.layers.at(-4)!.output as tfl.SymbolicTensor });
    expect(() => defineEncoder({ ...options, model: wide, inputs: ['ids', 'mask'] })).toThrow(
      '[batch, dimension], got [,5,6]',
    );
  });
});
