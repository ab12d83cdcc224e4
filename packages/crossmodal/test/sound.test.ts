import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { audioItem, decodeSound } from '../src/data/sound.js';

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

describe('decodeSound', () => {
  it.each(['tone.mp3', 'tone.flac', 'tone.ogg'])('decodes %s, a tone of 440 Hz and amplitude 0.5', async (name) => {
    const { samples, sampleRate } = await decodeSound(readFileSync(sound(name)), { label: name });
    expect(sampleRate).toBe(16_000);
    expect(samples.length / sampleRate).toBeCloseTo(0.5, 0);
    expect(amplitudeAt(440, samples, sampleRate)).toBeCloseTo(0.5, 1);
    expect(amplitudeAt(1000, samples, sampleRate)).toBeLessThan(0.02);
  });

  it('resamples when it is asked to', async () => {
    const { samples, sampleRate } = await decodeSound(readFileSync(sound('tone.flac')), {
      label: 'x',
      sampleRate: 8000,
    });
    expect(sampleRate).toBe(8000);
    expect(samples).toHaveLength(4000);
  });

  it('goes by what is in the file, not by its name', async () => {
    const item = await audioItem(sound('tone.mp3'));
    expect(typeof item).toBe('object');
    await expect(decodeSound(Buffer.from('ID3 but nothing else'), { label: 'fake.mp3' })).rejects.toThrow(
      'fake.mp3: is not a recording that can be read',
    );
    await expect(decodeSound(Buffer.from('nothing'), { label: 'fake.wav' })).rejects.toThrow('fake.wav');
  });
});
