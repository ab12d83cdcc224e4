import { loadTextEncoder, transformerEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { allclose, expectNoLeak, moveVariables } from '@crossmodal/testkit';
import type { Tensor1D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { encoderFiles, loadTextToSpeech, type SpeechBatch, textToSpeech } from '../../src/index.js';
import { useTestBackend } from '../backend.js';
import { train } from '../train.js';

useTestBackend('cpu');

const words = ['high', 'low', 'rising'];
const bands = 4;

/** Each word has its frames, and its length. */
const framesOf = (word: string): number[][] => {
  const length = { high: 3, low: 7, rising: 11 }[word]!;
  return Array.from({ length }, (_, t) =>
    Array.from({ length: bands }, (_, k) => {
      if (word === 'high') return Number(k === 3);
      if (word === 'low') return Number(k === 0);
      return Number(k === Math.floor((t * bands) / length));
    }),
  );
};

const speaker = () =>
  textToSpeech({
    encoder: transformerEncoder({
      tokenizer: wordTokenizer({ corpus: words }),
      ...{ dimension: 16, layers: 1, heads: 2, maximumLength: 2, dropout: 0, seed: 1 },
    }),
    ...{ bands, maximumFrames: 12, dimension: 24, layers: 1, heads: 2, dropout: 0, prenetDropout: 0.1, seed: 1 },
  });

async function batchOf(model: ReturnType<typeof speaker>, texts: readonly string[]): Promise<SpeechBatch> {
  const frames = texts.map((text) =>
    Array.from({ length: 12 }, (_, t) => framesOf(text)[t] ?? new Array(bands).fill(0)),
  );
  const lengths = texts.map((text) => framesOf(text).length);
  return {
    inputs: await model.encoder.prepare(texts),
    frames: tf.tensor3d(frames) as Tensor3D,
    lengths: tf.tensor1d(lengths, 'int32') as Tensor1D,
  };
}

describe('textToSpeech', () => {
  it('learns frames and when to stop', async () => {
    const model = speaker();
    const texts = Array.from({ length: 6 }, (_, i) => words[i % 3]!);
    await train<SpeechBatch>(model, (await batchOf(model, texts)) as never, {
      steps: 400,
      batchSize: 6,
      learningRate: 5e-3,
    });
    const spoken = await model.generate(await model.encoder.prepare(words));
    for (const [i, word] of words.entries()) {
      const wanted = framesOf(word);
      expect(spoken[i]!.finished, word).toBe(true);
      // A step has two frames.
      expect(Math.abs(spoken[i]!.shape[0] - wanted.length), word).toBeLessThan(2);
      const common = wanted.slice(0, spoken[i]!.shape[0]).flat();
      const error = common.reduce((sum, value, k) => sum + Math.abs(value - spoken[i]!.data[k]!), 0);
      expect(error / common.length, word).toBeLessThan(0.15);
    }
    model.dispose();
  });

  it('is loaded from its files and says the same', async () => {
    const model = speaker();
    moveVariables(model.namedVariables());
    const files = await model.files();
    const again = await loadTextToSpeech(files, { encoder: await loadTextEncoder(await encoderFiles(files)) });
    const inputs = await model.encoder.prepare(words);
    expect(await again.generate(inputs)).toEqual(await model.generate(inputs));
    model.dispose();
    again.dispose();
  });

  it('says the same to calls at one time as to one after the other', async () => {
    const model = speaker();
    const inputs = [await model.encoder.prepare(['high']), await model.encoder.prepare(['low'])];
    const options = { threshold: 0.999999 };
    const speak = (i: number) => model.generate(inputs[i]!, options);
    await speak(0); // from the second call on all is compiled, and rounds alike
    const sequential = [await speak(0), await speak(1)];
    expect(sequential[0]).not.toEqual(sequential[1]);
    expect(await Promise.all([speak(0), speak(1)])).toEqual(sequential);
    model.dispose();
  });

  it('says a text in another way for another seed, whatever is beside it', async () => {
    const model = speaker();
    moveVariables(model.namedVariables());
    const speak = async (texts: readonly string[], seed: number) => {
      const inputs = await model.encoder.prepare(texts);
      const spoken = await model.generate(inputs, { seed, threshold: 0.999999, maximumFrames: 4 });
      tf.dispose(inputs);
      return spoken.map(({ data }) => tf.tensor1d(data));
    };
    await speak(['high', 'low'], 1); // from the second call on all is compiled, and rounds alike
    const [one] = await speak(['high', 'low'], 1);
    const [again] = await speak(['high', 'rising'], 1);
    const [other] = await speak(['high', 'low'], 2);
    allclose(again!, one!, { rtol: 1e-5, atol: 1e-6 });
    // The first two frames follow none, where dropout has nothing to drop but what the bias adds: the next two differ.
    expect(Math.max(...tf.abs(tf.sub(other!, one!)).dataSync())).toBeGreaterThan(1e-3);
    model.dispose();
  });

  it('says frames by the right ones before as its loss measures them', async () => {
    const model = speaker();
    moveVariables(model.namedVariables());
    // Seven frames are three steps and a half: what is filled up is not given back.
    const whole = await batchOf(model, ['high', 'low']);
    const batch = { ...whole, frames: tf.slice(whole.frames, [0, 0, 0], [2, 7, bands]) as Tensor3D };
    const forced = model.teacherForced(batch);
    expect(forced.shape).toEqual([2, 7, bands]);
    const rows = tf.abs(tf.sub(forced, batch.frames)).arraySync() as number[][][];
    const real = [rows[0]!.slice(0, 3), rows[1]!].flat(2);
    const error = real.reduce((sum, value) => sum + value, 0) / real.length;
    const { frames } = model.loss(batch);
    expect(frames!.arraySync()).toBeCloseTo(error, 5);
    model.dispose();
  });

  it('does not read what stands behind the frames of a row', async () => {
    const model = speaker();
    const batch = await batchOf(model, ['high', 'low']);
    const other = { ...batch, frames: tf.tidy(() => tf.add(batch.frames, tf.mul(5, hidden(batch)))) as Tensor3D };
    const lossOf = (one: SpeechBatch) => tf.tidy(() => model.loss(one)['frames']!.arraySync());
    expect(lossOf(other)).toBeCloseTo(lossOf(batch), 5);
    model.dispose();
  });

  it('always ends, leaks nothing, and refuses what does not fit', async () => {
    const model = speaker();
    const batch = await batchOf(model, ['high']);
    const [one] = await model.generate(batch.inputs, { threshold: 0.999999 });
    expect(one!.shape[0]).toBeLessThanOrEqual(12);
    await expectNoLeak(() => tf.dispose(model.loss(batch, { training: true })));
    await expectNoLeak(() => tf.dispose(model.teacherForced(batch)));
    const before = tf.memory().numTensors;
    await model.generate(batch.inputs);
    expect(tf.memory().numTensors).toBe(before);
    await expect(model.generate(batch.inputs, { maximumFrames: 13 })).rejects.toThrow(/at most 12, got 13/);
    await expect(model.generate(batch.inputs, { threshold: 1 })).rejects.toThrow(
      /threshold must be in \(0, 1\), got 1/,
    );
    const wide = { ...batch, frames: tf.zeros([1, 12, 5]) as Tensor3D };
    expect(() => tf.tidy(() => model.loss(wide))).toThrow(/frames must be \[batch, up to 12, 4\], got \[1,12,5\]/);
    const { encodeSequence: _, ...without } = model.encoder;
    expect(() => textToSpeech({ encoder: without, bands, maximumFrames: 12, seed: 1 })).toThrow(
      /must have encodeSequence/,
    );
    model.dispose();
  });
});

/** One behind the last frame of each row. */
function hidden({ frames, lengths }: SpeechBatch): tf.Tensor {
  const place = tf.range(0, frames.shape[1], 1, 'int32');
  return tf.expandDims(tf.cast(tf.greaterEqual(place, tf.expandDims(lengths, 1)), 'float32'), 2);
}
