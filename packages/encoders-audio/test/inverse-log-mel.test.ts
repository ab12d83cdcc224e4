import { describe, expect, it } from 'vitest';
import { inverseLogMel, logMel, readWav } from '../src/index.js';

const options = { sampleRate: 8000, bands: 40 };

/** Mean absolute difference of two log-mel spectrograms where the first is not silent. */
function difference(a: Float32Array, b: Float32Array): number {
  let [sum, count] = [0, 0];
  for (const [i, value] of a.entries()) {
    if (value < -6 || b[i] === undefined) continue;
    sum += Math.abs(value - b[i]!);
    count++;
  }
  return sum / count;
}

describe('inverseLogMel', () => {
  it('gives a recording whose log-mel spectrogram is about the one that it was made of', async () => {
    const { samples } = await readWav(new URL('golden/wav/7_jackson_3.wav', import.meta.url).pathname);
    const features = logMel(samples, options);
    const heard = inverseLogMel(features, options);
    expect(Math.abs(heard.length - samples.length)).toBeLessThanOrEqual(80);
    const again = logMel(heard, options);
    expect(difference(features.data, again.data)).toBeLessThan(0.7);
    // Noise as loud is far away.
    const noise = samples.map((_, i) => 0.1 * Math.sin(i * i));
    expect(difference(features.data, logMel(noise, options).data)).toBeGreaterThan(1.5);
  });

  it('makes a short sound of a single frame', () => {
    const tone = Float32Array.from({ length: 1600 }, (_, i) => 0.5 * Math.sin(0.3 * i));
    const { data, shape } = logMel(tone, options);
    const heard = inverseLogMel({ data: data.slice(0, shape[1]), shape: [1, shape[1]] }, options);
    expect(heard.length).toBe(80);
    expect(Math.max(...heard.map(Math.abs))).toBeGreaterThan(0.01);
    expect(() => inverseLogMel({ data: new Float32Array(0), shape: [0, 40] }, options)).toThrow(/at least one frame/);
  });

  it('makes silence of silence, and refuses what does not fit', () => {
    const silence = logMel(new Float32Array(1600), options);
    expect(Math.max(...inverseLogMel(silence, options).map(Math.abs))).toBeLessThan(1e-3);
    expect(() => inverseLogMel(silence, { ...options, bands: 30 })).toThrow(
      /must have the 30 bands of the options, got 40/,
    );
    expect(() => inverseLogMel(silence, { ...options, iterations: 0 })).toThrow(/iterations/);
    expect(() => inverseLogMel(silence, { ...options, offset: 0 })).toThrow(/offset/);
  });
});
