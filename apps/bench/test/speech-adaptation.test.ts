import { useDevice } from '@crossmodal/core/device';
import { spectrogramEncoder } from '@crossmodal/encoders-audio';
import type { Tensor } from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import type { SpokenDigit } from '../src/data/spoken-digits.js';
import { digitNames, soundSet, speakerDomain, spokenBy, voices } from '../src/entries/speech-adaptation/domains.js';

test('as many voices as are asked for, none twice, each of which says every digit', () => {
  for (const count of [2, 7, 40]) {
    const names = voices(count).map(({ variant, pitch }) => `${variant} ${pitch}`);
    expect(new Set(names).size).toBe(count);
  }
  const spoken = spokenBy(voices(3));
  expect(spoken).toHaveLength(30);
  expect(spoken.slice(10, 20).map(({ text }) => text)).toEqual([...digitNames]);
  expect(new Set(spoken.slice(10, 20).map(({ voice }) => voice)).size).toBe(1);
});

test('recordings for tests are not among those for training, and keep their digits', async () => {
  await useDevice('cpu');
  const encoder = spectrogramEncoder({
    sampleRate: 8000,
    seconds: 0.2,
    bands: 8,
    channels: [2],
    dimension: 2,
    seed: 1,
  });
  const recordings = Array.from({ length: 6 }, (_, i): SpokenDigit => {
    const samples = Float32Array.from({ length: 1600 }, (_unused, t) => Math.sin(((i + 1) * t) / 8));
    return { waveform: { samples, sampleRate: 8000 }, digit: i, speaker: 'anna', split: i < 2 ? 'test' : 'train' };
  });
  const sounds = await soundSet(
    encoder,
    recordings.map(({ waveform, digit }) => ({ sound: waveform, digit })),
  );
  const domain = speakerDomain('anna', { recordings, sounds }, { isTest: ({ split }) => split === 'test' });
  expect([domain.train.labels, domain.test.labels]).toEqual([
    [2, 3, 4, 5],
    [0, 1],
  ]);
  const values = async (set: typeof domain.train, row: number) => {
    const { features } = set.inputs([row]) as { features: Tensor };
    return [...(await features.data())];
  };
  const [first, second] = [await values(domain.test, 0), await values(domain.test, 1)];
  expect(first).not.toEqual(second);
  expect(await values(domain.train, 0)).not.toEqual(first);
  encoder.dispose();
});
