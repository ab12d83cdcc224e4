import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import wavefile from 'wavefile';
import { speakNames } from '../src/data/speech.js';
import { cutAtPauses, joinWithPauses } from '../src/data/utterances.js';
import { temporaryFolder } from './fixture.js';

describe('cutAtPauses', () => {
  const pause = { pauseSeconds: 0.5 };
  const recording = (...values: number[]) => ({ samples: Int16Array.from(values), sampleRate: 8 });

  test('cuts at zeros longer than the pause and trims both ends', () => {
    const pieces = cutAtPauses(recording(0, 0, 5, 0, 6, 0, 0, 0, 0, 0, 7, 8, 0), pause);
    expect(pieces.map((piece) => [...piece])).toEqual([
      [5, 0, 6],
      [7, 8],
    ]);
  });

  test('a pause of just the length is no cut; silence alone is nothing', () => {
    expect(cutAtPauses(recording(1, 0, 0, 0, 2), pause)).toHaveLength(1);
    expect(cutAtPauses(recording(1, 0, 0, 0, 0, 2), pause)).toHaveLength(2);
    expect(cutAtPauses(recording(0, 0, 0), pause)).toEqual([]);
  });
});

test('joinWithPauses writes nothing that XML would take for its own', () => {
  expect(joinWithPauses(['salt & pepper', 'a <b>'], { pauseSeconds: 1 })).toBe(
    '<speak>salt  and  pepper<break time="1000ms"/>a  b </speak>',
  );
});

test('names are spoken as wav files, each voice in its own way, once', async () => {
  const cacheFolder = temporaryFolder();
  const voices = [
    { variant: 'en-us', pitch: 50 },
    { variant: 'en-gb+f1', pitch: 70 },
  ];
  const texts = ['dog', 'flag: France', 'salt & pepper'];
  const utterances = voices.flatMap((voice) => texts.map((text, index) => ({ id: `E${index}`, text, voice })));
  const files = await speakNames(utterances, { cacheFolder });
  const lengths = files.map((file) => {
    const wav = new wavefile.WaveFile(readFileSync(file));
    expect(wav.fmt).toMatchObject({ sampleRate: 22050, bitsPerSample: 16, numChannels: 1 });
    const samples = wav.getSamples(false, Int16Array) as unknown as Int16Array;
    expect(Math.max(...samples)).toBeGreaterThan(2000); // not silence
    return samples.length / 22050;
  });
  expect(lengths.every((seconds) => seconds > 0.2 && seconds < 2)).toBe(true);
  expect(lengths[1]!).toBeGreaterThan(lengths[0]!); // more to say takes longer
  expect(readFileSync(files[0]!).equals(readFileSync(files[3]!))).toBe(false);
  let made = 0;
  expect(await speakNames(utterances, { cacheFolder, progress: () => made++ })).toEqual(files);
  expect(made).toBe(0);
}, 60_000);

test('a voice that is none is refused in one line', async () => {
  const attempt = speakNames([{ id: 'a', text: 'dog', voice: { variant: 'xx-none', pitch: 50 } }], {
    cacheFolder: temporaryFolder(),
  });
  await expect(attempt).rejects.toThrow(
    /^speech: espeak-ng failed with voice xx-none-p50 \(.*\); remove the folder node_modules/,
  );
}, 60_000);
