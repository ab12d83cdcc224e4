import { Random } from '@crossmodal/core';
import { wordTokenizer } from '@crossmodal/encoders-text';
import { expectNoLeak, moveVariables } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { type CtcBatch, ctcRecogniser, encoderFiles, loadCtcRecogniser, wordErrorRate } from '../../src/index.js';
import { useTestBackend } from '../backend.js';
import { digitFrames, frameEncoder, loadFrameEncoder } from '../encoders.js';
import { train } from '../train.js';

useTestBackend('cpu');

const names = ['nought', 'one', 'two', 'three', 'four'];

function recogniser() {
  return ctcRecogniser({
    encoder: frameEncoder({ length: 12, inputs: 6, dimension: 16 }),
    tokenizer: wordTokenizer({ corpus: names }),
    maximumLength: 4,
    seed: 1,
  });
}

/** Words of one to three frames with pauses between them, as frames with noise. */
async function spoken(model: ReturnType<typeof recogniser>, count: number, seed: number) {
  const random = new Random(seed);
  const rows = Array.from({ length: count }, () => {
    const digits = Array.from({ length: 1 + random.integer(3) }, () => random.integer(5));
    const frames = digits.flatMap((digit) => [...new Array<number>(1 + random.integer(3)).fill(digit), 5]);
    return { text: digits.map((digit) => names[digit]).join(' '), frames: digitFrames(frames, 6).slice(0, 12) };
  });
  const noisy = rows.map(({ frames }) => frames.map((frame) => frame.map((value) => value + 0.2 * random.normal())));
  const texts = rows.map(({ text }) => text);
  return { texts, batch: { inputs: await model.encoder.prepare(noisy), labels: model.prepareLabels(texts) } };
}

describe('ctcRecogniser', () => {
  it('learns where words are from the words alone', async () => {
    const model = recogniser();
    const { batch } = await spoken(model, 256, 1);
    const test = await spoken(model, 60, 2);
    const rate = async (beamWidth: number) => {
      const heard = await model.transcribe(test.batch.inputs, { beamWidth });
      return wordErrorRate(
        heard.map(([best]) => best!.text),
        test.texts,
      ).rate;
    };
    expect(await rate(1)).toBeGreaterThan(0.7);
    await train<CtcBatch>(model, batch as never, { steps: 120, batchSize: 32, learningRate: 2e-2 });
    expect(await rate(1)).toBeLessThan(0.1);
    expect(await rate(8)).toBeLessThan(0.1);
    // The best alignment is one of those that the beam adds up.
    const [[path], [labels]] = await Promise.all([
      model.transcribe(batch.inputs).then((rows) => rows[0]!),
      model.transcribe(batch.inputs, { beamWidth: 8 }).then((rows) => rows[0]!),
    ]);
    expect(path!.score).toBeLessThanOrEqual(labels!.score + 1e-6);
    expect(path!.score).toBeGreaterThan(-5);
    model.dispose();
  });

  it('is loaded from its files and hears the same', async () => {
    const model = recogniser();
    const { batch } = await spoken(model, 3, 4);
    moveVariables(model.namedVariables());
    const files = await model.files();
    const encoder = await loadFrameEncoder(await encoderFiles(files));
    const again = await loadCtcRecogniser(files, { encoder, tokenizer: model.tokenizer });
    const logits = (one: typeof model) => tf.tidy(() => one.logits(batch.inputs).logits.arraySync());
    expect(logits(again)).toEqual(logits(model));
    await expect(loadCtcRecogniser(await encoder.files!(), { encoder, tokenizer: model.tokenizer })).rejects.toThrow(
      /the type must be one of ctcRecogniser, got "frames"/,
    );
    model.dispose();
    again.dispose();
  });

  it('leaks nothing, and refuses what does not fit', async () => {
    const model = recogniser();
    const { batch } = await spoken(model, 2, 3);
    await expectNoLeak(() => tf.dispose(model.loss(batch, { training: true })));
    expect(() => model.prepareLabels(['one two three four one'])).toThrow(/text 0 has 5 tokens, the model takes 4/);
    const silence = model.prepareLabels(['']);
    expect(silence.lengths.arraySync()).toEqual([0]);
    await expect(model.transcribe(batch.inputs, { beamWidth: 0 })).rejects.toThrow(/beamWidth must be an integer/);
    const { encodeSequence: _, ...without } = model.encoder;
    expect(() => ctcRecogniser({ encoder: without, tokenizer: model.tokenizer, seed: 1 })).toThrow(
      /must have encodeSequence/,
    );
    tf.dispose([silence, batch.inputs, batch.labels]);
    model.dispose();
  });
});
