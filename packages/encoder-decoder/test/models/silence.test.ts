import { spectrogramEncoder } from '@crossmodal/encoders-audio';
import { wordTokenizer } from '@crossmodal/encoders-text';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { beam, ctcRecogniser, encoderDecoder, greedy, transformerDecoder } from '../../src/index.js';
import { useTestBackend } from '../backend.js';

useTestBackend('cpu');

const sampleRate = 8000;
const silent = { samples: new Float32Array(sampleRate / 2), sampleRate };
const tone = { samples: Float32Array.from({ length: 4000 }, (_, i) => Math.sin(0.4 * i)), sampleRate };
const tokenizer = wordTokenizer({ corpus: ['one', 'two'] });
const listener = () =>
  spectrogramEncoder({ sampleRate, seconds: 0.5, bands: 16, channels: [4, 4], dimension: 8, seed: 1 });

describe('a silent recording', () => {
  it('has a finite CTC loss for no words and for some, and is heard as a text', async () => {
    const model = ctcRecogniser({ encoder: listener(), tokenizer, maximumLength: 3, seed: 1 });
    const inputs = await model.encoder.prepare([silent, silent, tone]);
    const labels = model.prepareLabels(['', 'one', 'two']);
    const { value, grads } = tf.tidy(() =>
      tf.variableGrads(() => model.loss({ inputs, labels }, { training: true }).loss, trainable(model)),
    );
    expect(value.arraySync()).toBeGreaterThan(0);
    expect(value.arraySync()).toBeLessThan(1e3);
    for (const gradient of Object.values(grads)) {
      expect(gradient.dataSync().every((one) => Number.isFinite(one))).toBe(true);
    }
    for (const beamWidth of [1, 4]) {
      const heard = await model.transcribe(inputs, { beamWidth });
      expect(heard.map(([best]) => [typeof best!.text, Number.isFinite(best!.score)])).toEqual(
        Array.from({ length: 3 }, () => ['string', true]),
      );
    }
    model.dispose();
  });

  it('ends with a text within the longest length, by attention', async () => {
    const model = encoderDecoder({
      encoder: listener(),
      decoder: transformerDecoder({ dimension: 8, layers: 1, heads: 2 }),
      ...{ tokenizer, maximumLength: 4, memoryPositions: true, seed: 1 },
    });
    for (const strategy of [greedy(), beam({ width: 2 })]) {
      const inputs = await model.encoder.prepare([silent]);
      const [row] = await model.generate(inputs, { strategy });
      const best = row![0]!;
      expect(best.ids.length).toBeLessThanOrEqual(4);
      expect(Number.isFinite(best.score)).toBe(true);
    }
    model.dispose();
  });
});

const trainable = ({ namedVariables }: { namedVariables(): Record<string, tf.Variable> }): tf.Variable[] =>
  Object.values(namedVariables()).filter((variable) => variable.trainable);
