import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  defineEncoder,
  type Encoder,
  loadSavedModel,
  type ModelFiles,
  memoryFile,
  savedModelFiles,
} from '@crossmodal/core';
import { openFolder, saveFolder } from '@crossmodal/core/models';
import { adam } from '@crossmodal/core/optimisers';
import { trainStep } from '@crossmodal/core/step';
import { expectNoLeak, expectNoLeakWhenThrowing, moveVariables } from '@crossmodal/testkit';
import type { Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  classifier,
  dann,
  type EncoderClassifier,
  type LabelledBatch,
  loadClassifier,
  sourceOnly,
} from '../src/index.js';
import { useTestBackend } from './backend.js';
import { denseFeatures, seededMatrix, shiftedDomains } from './synthetic.js';

useTestBackend('cpu');

const labels = () => tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32') as Tensor1D;
const number = (x: tf.Tensor) => x.dataSync()[0] as number;

/** An encoder of vectors that can be saved. */
function vectors({ units, seed }: { units: number; seed: number }): Encoder<readonly number[]> {
  return defineEncoder<readonly number[]>({
    modality: 'vectors',
    model: denseFeatures(7, units, seed),
    inputs: ['rows'],
    prepare: async (rows) => ({ rows: tf.tensor2d(rows.map((row) => [...row])) }),
    saved: { type: 'vectors', options: { units, seed } },
  });
}
const loadVectors = (files: ModelFiles) =>
  loadSavedModel<Encoder<never>>(
    files,
    { vectors: (options) => vectors(options as never) as Encoder<never> },
    { where: 'loadVectors' },
  );

describe('classifier', () => {
  it('is the cross entropy of its logits, with what guessing costs', () => {
    const model = classifier({ encoder: denseFeatures(7, 8, 1), classes: 3, seed: 1 });
    const inputs = seededMatrix(6, 7, 1);
    const terms = model.loss({ inputs, labels: labels() });
    const shares = tf.logSoftmax(model.classify(inputs)).arraySync() as number[][];
    const expected = -[0, 1, 2, 0, 1, 2].reduce((sum, label, i) => sum + shares[i]![label]!, 0) / 6;
    expect(number(terms.loss)).toBeCloseTo(expected, 5);
    expect(number(terms['chance/classification']!)).toBeCloseTo(Math.log(3), 6);
    expect(model.predict(model.features(inputs))).toBeAllclose(model.classify(inputs));
    expectTypeOf(model).toExtend<EncoderClassifier>();
  });

  it('learns, and is what sourceOnly trains', async () => {
    const { x, labels: own } = shiftedDomains(256, 'source', 1);
    const plain = classifier({ encoder: denseFeatures(7, 16, 1), classes: 3, seed: 1, hidden: [16] });
    const baseline = sourceOnly({ features: denseFeatures(7, 16, 1), classes: 3, seed: 1, hidden: [16] });
    const steps = {
      plain: trainStep<LabelledBatch>(plain, { optimizer: adam({ learningRate: 1e-2 }) }),
      baseline: trainStep(baseline, { optimizer: adam({ learningRate: 1e-2 }) }),
    };
    for (let i = 0; i < 60; i++) {
      tf.dispose(steps.plain.run({ inputs: x, labels: own }));
      tf.dispose(steps.baseline.run({ source: x, labels: own }));
    }
    expect(baseline.classify(x)).toBeAllclose(plain.classify(x));
    const right = tf.mean(tf.cast(tf.equal(tf.argMax(plain.classify(x), 1), own), 'float32'));
    expect(number(right)).toBeGreaterThan(0.95);
  });

  it('refuses what does not fit, and leaks nothing', async () => {
    const encoder = denseFeatures(7, 8, 1);
    expect(() => classifier({ encoder, classes: 1, seed: 1 })).toThrow(
      'classes must be an integer of at least 2, got 1',
    );
    expect(() => classifier({ encoder, classes: 3, seed: 1, clases: 3 } as never)).toThrow("did you mean 'classes'?");
    const model = classifier({ encoder, classes: 3, seed: 1 });
    const inputs = seededMatrix(5, 7, 1);
    expect(() => model.loss({ inputs, labels: labels() })).toThrow('labels must have shape [5], got [6]');
    const good = { inputs: seededMatrix(6, 7, 1), labels: labels() };
    await expectNoLeak(() => model.loss(good, { training: true }));
    await expectNoLeak(() => classifier({ encoder: denseFeatures(7, 8, 1), classes: 3, seed: 1 }).dispose());
    await expectNoLeakWhenThrowing(
      () => void classifier({ encoder, classes: 3, seed: 1, hidden: [0] }),
      'of at least 1',
    );
  });
});

describe('loadClassifier', () => {
  const inputs = () => seededMatrix(6, 7, 3);

  it('gives an equal model from a folder: layers by their topology', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'classifier-'));
    const model = classifier({ encoder: denseFeatures(7, 8, 1), classes: 3, seed: 1, hidden: [5] });
    moveVariables(model.namedVariables());
    await saveFolder(join(folder, 'model'), model, { card: { data: 'two domains' } });
    const loaded = await loadClassifier(await openFolder(join(folder, 'model')));
    expect(loaded.classify(inputs())).toBeAllclose(model.classify(inputs()), { rtol: 0, atol: 0 });
    expect(Object.keys(loaded.namedVariables())).toEqual(Object.keys(model.namedVariables()));
    await rm(folder, { recursive: true });
  });

  it('gives an equal model from files: an encoder by its own loader', async () => {
    const model = classifier({ encoder: vectors({ units: 8, seed: 1 }), classes: 3, seed: 1 });
    moveVariables(model.namedVariables());
    const files = await model.files();
    expect([...files.keys()]).toContain('encoder/model.safetensors');
    const rows = { rows: inputs() };
    const loaded = await loadClassifier(files, { loadEncoder: loadVectors });
    expect(loaded.classify(rows)).toBeAllclose(model.classify(rows), { rtol: 0, atol: 0 });
    await expect(loadClassifier(files)).rejects.toThrow('loadEncoder must be given');
  });

  it('reads what an adapted model was saved as: the classifier without the domain classifier', async () => {
    const model = dann({ features: denseFeatures(7, 8, 1), classes: 3, seed: 1, lambda: 1 });
    moveVariables(model.namedVariables());
    const loaded = await loadClassifier(await model.files());
    expect(loaded.classify(inputs())).toBeAllclose(model.classify(inputs()), { rtol: 0, atol: 0 });
    expect(Object.keys(loaded.namedVariables()).some((name) => name.startsWith('domain'))).toBe(false);
  });

  it('refuses what cannot be saved or is damaged, and leaks nothing', async () => {
    const { files: _, ...bare } = vectors({ units: 8, seed: 1 });
    await expect(classifier({ encoder: bare, classes: 3, seed: 1 }).files()).rejects.toThrow(
      'the encoder must have files, got one that cannot be saved',
    );
    const model = classifier({ encoder: denseFeatures(7, 8, 1), classes: 3, seed: 1 });
    const files = await model.files();
    const config = JSON.parse(new TextDecoder().decode(await files.get('config.json')!.read())) as {
      options: Record<string, unknown>;
    };
    const changed = (options: object) =>
      new Map(files).set(
        'config.json',
        memoryFile(JSON.stringify({ ...config, options: { ...config.options, ...options } }), { label: 'config.json' }),
      );
    const cases: [object, string][] = [
      [{ classes: 'three' }, 'config.json must hold classes, seed and hidden'],
      [{ classes: 1 }, 'classes must be an integer of at least 2, got 1'],
      [{ classes: 4 }, 'label/1/'],
      [{ topology: { class_name: 'Evil' } }, 'the layers of config.json cannot be built'],
    ];
    for (const [options, message] of cases) {
      await expectNoLeakWhenThrowing(async () => void (await loadClassifier(changed(options))), message);
    }
    const foreign = await savedModelFiles({ type: 'pair', options: {} }, model.namedVariables());
    await expect(loadClassifier(foreign)).rejects.toThrow('the type must be one of classifier, got "pair"');
    await expectNoLeak(async () => (await loadClassifier(files)).dispose());
  });

  it('takes an encoder that was trained', () => {
    const input = tfl.input({ shape: [7] });
    const dense = tfl.layers.dense({ units: 4, trainable: false }).apply(input) as tfl.SymbolicTensor;
    const model = classifier({ encoder: tfl.model({ inputs: input, outputs: dense }), classes: 3, seed: 1 });
    expect(model.trainableVariables()).toHaveLength(4);
    expect(model.classify(seededMatrix(2, 7, 1) as Tensor2D).shape).toEqual([2, 3]);
  });
});
