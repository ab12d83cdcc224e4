import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { decode } from '../src/data/sound-worker.js';

const sound = (name: string) => fileURLToPath(new URL(`sounds/${name}`, import.meta.url));

/** Amplitude of a frequency in the middle of a recording, by the definition of the Fourier transform. */
function amplitudeAt(hertz: number, samples: Float32Array, sampleRate: number): number {
  const part = samples.subarray(Math.floor(samples.length / 4), Math.floor((3 * samples.length) / 4));
  let [real, imaginary] = [0, 0];
  part.forEach((value, t) => {
    real += value * Math.cos((2 * Math.PI * hertz * t) / sampleRate);
    imaginary += value * Math.sin((2 * Math.PI * hertz * t) / sampleRate);
  });
  return (2 * Math.hypot(real, imaginary)) / part.length;
}

describe('the threads that decode recordings', () => {
  it.each(['tone.mp3', 'tone.flac', 'tone.ogg'])('decode %s, a tone of 440 Hz and amplitude 0.5', async (name) => {
    const { samples, sampleRate } = await decode({ source: sound(name), label: name });
    expect(sampleRate).toBe(16_000);
    expect(samples.length / sampleRate).toBeCloseTo(0.5, 0);
    expect(amplitudeAt(440, samples, sampleRate)).toBeCloseTo(0.5, 1);
    expect(amplitudeAt(1000, samples, sampleRate)).toBeLessThan(0.02);
  });

  it('go by the bytes, and name what cannot be read', async () => {
    expect(
      (await decode({ source: readFileSync(sound('tone.mp3')), label: 'tone.wav' })).samples.length,
    ).toBeGreaterThan(0);
    for (const [text, label] of [
      ['ID3 but nothing else', 'fake.mp3'],
      ['nothing', 'fake.wav'],
    ] as const) {
      await expect(decode({ source: Buffer.from(text), label })).rejects.toThrow(label);
    }
  });
});
