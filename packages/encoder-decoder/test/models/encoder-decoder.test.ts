import { Random } from '@crossmodal/core';
import { characterTokenizer, wordTokenizer } from '@crossmodal/encoders-text';
import { allclose, expectNoLeak, moveVariables } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import {
  beam,
  type DecoderPlan,
  type EncoderDecoder,
  encoderDecoder,
  encoderFiles,
  greedy,
  loadEncoderDecoder,
  recurrentDecoder,
  type SequenceBatch,
  sample,
  transformerDecoder,
} from '../../src/index.js';
import { useTestBackend } from '../backend.js';
import { digitFrames, frameEncoder, loadFrameEncoder } from '../encoders.js';
import { train } from '../train.js';

useTestBackend('cpu');

const names = ['nought', 'one', 'two', 'three', 'four'];
const say = (digits: readonly number[]) => digits.map((digit) => names[digit]).join(' ');
const decoders: Record<string, () => DecoderPlan> = {
  transformer: () => transformerDecoder({ dimension: 32, layers: 1, heads: 2, dropout: 0 }),
  recurrent: () => recurrentDecoder({ dimension: 16, units: 32, dropout: 0 }),
};

function digitModel(decoder: DecoderPlan, options: { scheduledSampling?: number; labelSmoothing?: number } = {}) {
  return encoderDecoder({
    encoder: frameEncoder({ length: 4, inputs: 5, dimension: 16 }),
    decoder,
    tokenizer: wordTokenizer({ corpus: names }),
    maximumLength: 6,
    memoryPositions: true, // or it could not know what comes first
    seed: 1,
    ...options,
  });
}

/** Sequences of one to four digits as frames, to be said in words, in the order in which they stand. */
async function digitRows(model: EncoderDecoder<readonly (readonly number[])[]>, count: number, seed: number) {
  const random = new Random(seed);
  const digits = Array.from({ length: count }, () =>
    Array.from({ length: 1 + random.integer(4) }, () => random.integer(5)),
  );
  const items = digits.map((row) => digitFrames(row));
  const batch = { inputs: await model.encoder.prepare(items), targets: model.prepareTargets(digits.map(say)) };
  return { items, texts: digits.map(say), batch };
}

describe.each(Object.keys(decoders))('an encoder-decoder with the %s decoder', (name) => {
  it('learns to read frames out, and generates with all strategies', async () => {
    const model = digitModel(decoders[name]!());
    const { batch } = await digitRows(model, 512, 1);
    await train<SequenceBatch>(model, batch as never, {
      steps: name === 'transformer' ? 300 : 400,
      batchSize: 48,
      learningRate: 5e-3,
    });
    const test = await digitRows(model, 40, 2);
    for (const strategy of [greedy(), beam({ width: 3 }), sample({ seed: 1, topP: 0.5 })]) {
      const said = await model.generateItems(test.items, { strategy, batchSize: 16 });
      const right = said.filter((text, i) => text === test.texts[i]).length;
      expect(right, strategy.name).toBeGreaterThanOrEqual(32);
    }
    model.dispose();
  });

  it('generates step by step what it says of whole sequences', async () => {
    const model = digitModel(decoders[name]!());
    const { batch } = await digitRows(model, 3, 3);
    const generated = await model.generate(batch.inputs, { strategy: greedy() });
    const logProbabilities = (rows: readonly number[][]) =>
      tf.tidy(() => {
        const ids = rows.map((row) => Array.from({ length: 6 }, (_, t) => row[t] ?? 0));
        const targets = { ids: tf.tensor2d(ids, [3, 6], 'int32'), mask: tf.ones([3, 6]) as tf.Tensor2D };
        return tf.logSoftmax(model.logits({ inputs: batch.inputs, targets })).arraySync() as number[][][];
      });
    const rows = generated.map(([best]) => [...best!.ids, ...(best!.finished ? [model.tokenizer.endId] : [])]);
    const wanted = logProbabilities(rows).map((steps, i) => rows[i]!.reduce((sum, id, t) => sum + steps[t]![id]!, 0));
    allclose(tf.tensor1d(generated.map(([best]) => best!.score)), tf.tensor1d(wanted), { rtol: 1e-4 });
    model.dispose();
  });

  it('is loaded from its files and says the same', async () => {
    const model = digitModel(decoders[name]!());
    const { batch } = await digitRows(model, 4, 4);
    moveVariables(model.namedVariables());
    const files = await model.files();
    const again = await loadEncoderDecoder(files, {
      encoder: await loadFrameEncoder(await encoderFiles(files)),
      tokenizer: model.tokenizer,
    });
    const logits = (one: typeof model) => tf.tidy(() => one.logits(batch).arraySync());
    expect(logits(again)).toEqual(logits(model));
    expect(Object.keys(again.namedVariables()).sort()).toEqual(Object.keys(model.namedVariables()).sort());
    model.dispose();
    again.dispose();
  });

  it('leaks nothing', async () => {
    const model = digitModel(decoders[name]!(), { scheduledSampling: 0.5, labelSmoothing: 0.1 });
    const { batch } = await digitRows(model, 2, 5);
    await model.generate(batch.inputs, { strategy: beam({ width: 2 }) });
    await expectNoLeak(() => tf.dispose(model.loss(batch, { training: true })));
    const before = tf.memory().numTensors;
    await model.generate(batch.inputs, { strategy: beam({ width: 2 }) });
    expect(tf.memory().numTensors).toBe(before);
    model.dispose();
    tf.dispose(batch);
  });
});

describe('the loss of an encoder-decoder', () => {
  it('is the cross entropy of real tokens; training smooths labels and feeds some of its own tokens', async () => {
    const plain = digitModel(decoders['transformer']!());
    const { batch } = await digitRows(plain, 8, 6);
    const lossOf = (model: typeof plain, training: boolean) =>
      tf.tidy(() => model.loss(batch, { training }).loss.arraySync());
    const expected = tf.tidy(() => {
      const logs = tf.logSoftmax(plain.logits(batch));
      const picked = tf.sum(tf.mul(logs, tf.oneHot(batch.targets.ids, plain.tokenizer.vocabularySize)), 2);
      return tf
        .neg(tf.div(tf.sum(tf.mul(picked, batch.targets.mask)), tf.sum(batch.targets.mask)))
        .arraySync() as number;
    });
    expect(lossOf(plain, false)).toBeCloseTo(expected, 5);
    expect(lossOf(plain, true)).toBeCloseTo(expected, 5);
    const smoothed = digitModel(decoders['transformer']!(), { labelSmoothing: 0.2 });
    expect(lossOf(smoothed, false)).toBeCloseTo(expected, 5);
    expect(lossOf(smoothed, true)).not.toBeCloseTo(expected, 3);
    const scheduled = digitModel(decoders['transformer']!(), { scheduledSampling: 0.9 });
    expect(lossOf(scheduled, false)).toBeCloseTo(expected, 5);
    expect(lossOf(scheduled, true)).not.toBeCloseTo(expected, 3);
    for (const model of [plain, smoothed, scheduled]) model.dispose();
  });

  it('does not move an encoder that is not trained', async () => {
    const model = encoderDecoder({
      encoder: frameEncoder({ length: 4, inputs: 5, dimension: 16 }),
      decoder: decoders['transformer']!(),
      tokenizer: wordTokenizer({ corpus: names }),
      maximumLength: 6,
      trainEncoder: false,
      seed: 1,
    });
    expect(Object.keys(model.namedVariables()).some((name) => name.startsWith('encoder'))).toBe(false);
    const { batch } = await digitRows(model, 2, 7);
    const names2 = Object.values(model.encoder.namedVariables());
    const { grads } = tf.tidy(() =>
      tf.variableGrads(() => model.loss(batch).loss, Object.values(model.namedVariables())),
    );
    expect(names2.some((variable) => variable.name in grads)).toBe(false);
    model.dispose();
  });
});

describe('an encoder-decoder refuses', () => {
  const tokenizer = characterTokenizer({ corpus: ['abc'] });
  // Made in the tests: there is no backend before.
  const optionsOf = () => ({
    encoder: frameEncoder({ length: 4, inputs: 5, dimension: 16 }),
    ...{ tokenizer, maximumLength: 6, seed: 1 },
  });
  const withoutSequence = () => {
    const { encodeSequence: _, ...encoder } = optionsOf().encoder;
    return encoder;
  };

  it.each([
    [
      'an encoder without a sequence',
      () => encoderDecoder({ ...optionsOf(), encoder: withoutSequence() }),
      /must have encodeSequence/,
    ],
    [
      'a vocabulary without an end',
      () => encoderDecoder({ ...optionsOf(), tokenizer: { ...tokenizer, endId: undefined as never } }),
      /must have a endId below its vocabulary of 7, got undefined/,
    ],
    [
      'a begin outside of the vocabulary',
      () => encoderDecoder({ ...optionsOf(), tokenizer: { ...tokenizer, beginId: 99 } }),
      /beginId.*got 99/,
    ],
    [
      'a length of one',
      () => encoderDecoder({ ...optionsOf(), maximumLength: 1 }),
      /maximumLength must be an integer of at least 2/,
    ],
    [
      'smoothing of one',
      () => encoderDecoder({ ...optionsOf(), labelSmoothing: 1 }),
      /labelSmoothing must be in \[0, 1\)/,
    ],
    ['sampling of one', () => encoderDecoder({ ...optionsOf(), scheduledSampling: 1 }), /scheduledSampling must be in/],
    [
      'heads that do not divide',
      () => transformerDecoder({ dimension: 30, heads: 4 }),
      /heads must divide dimension, got 4 and 30/,
    ],
    ['an unknown option', () => encoderDecoder({ ...optionsOf(), decodr: 1 } as never), /decoder/],
    ['an unknown option of a decoder', () => recurrentDecoder({ unit: 1 } as never), /units/],
  ])('%s', (_name, call, message) => {
    expect(call).toThrow(message);
  });

  it('texts that it cannot learn from, and lengths that it has no room for', async () => {
    const { encoder, ...options } = optionsOf();
    const model = encoderDecoder({ ...options, encoder, decoder: decoders['transformer']!() });
    expect(() => model.prepareTargets([])).toThrow(/at least one text/);
    expect(() => model.prepareTargets(['abc', ' '])).not.toThrow();
    expect(() => model.prepareTargets(['abc', ''])).toThrow(/text 1 is empty: ""/);
    expect(() => model.prepareTargets(['abcabc'])).toThrow(/text 0 has 6 tokens and an end, the decoder takes 6/);
    const cut = model.prepareTargets(['abcabc'], { cut: true });
    expect(cut.mask.arraySync()).toEqual([[1, 1, 1, 1, 1, 1]]);
    // The text goes on behind the cut: to learn an end there would be wrong.
    expect(cut.ids.arraySync()[0]).not.toContain(options.tokenizer.endId);
    const inputs = await encoder.prepare([digitFrames([1])]);
    await expect(model.generate(inputs, { maximumLength: 7 })).rejects.toThrow(
      /maximumLength must be at most 6 .*got 7/,
    );
    await expect(model.generate(inputs, { strategy: beam({ width: 7 }) })).rejects.toThrow(
      /less than the vocabulary of 7, got 7/,
    );
    await expect(model.generate({})).rejects.toThrow(/at least one row/);
    expect(() => model.loss({ inputs } as never)).toThrow(/got no targets/);
    const two = model.prepareTargets(['a', 'b']);
    expect(() => tf.tidy(() => model.loss({ inputs, targets: two }))).toThrow(/one batch size, got 1 and 2/);
    tf.dispose([cut, two, inputs]);
    model.dispose();
  });
});
