import { assertKnownOptions, CrossmodalError, requireInteger, requirePositive } from '@crossmodal/core';
import { requireFinite, type Samples, type Spectrogram } from '../waveform.js';
import { realFourier } from './fft.js';
import { povey, symmetricHann } from './window.js';

/**
 * Log mel filterbank energies as Kaldi computes them: whole frames of 25 ms every 10 ms; per frame the mean is removed,
 * x_k - 0.97 x_{k-1} taken (x_{-1} = x_0), windowed, zero-padded to a power of two; power spectrum; triangles linear
 * in mel = 1127 ln(1 + f/700) between `minimumFrequency` and half the sample rate; ln(max(., 2^-23)). No dither.
 *
 * @param samples amplitudes, [time]; Kaldi itself expects the size of 16-bit integers, AST feeds [-1, 1]
 * @param options.window `povey` (Kaldi's default) or `hann`, both symmetric
 * @returns [frames, bands]
 * @throws CrossmodalError when the signal is shorter than one frame, or a sample is not finite
 * @see Povey et al. (2011), "The Kaldi speech recognition toolkit"; torchaudio.compliance.kaldi.fbank
 * @example
 * const features = kaldiFilterbank(samples, { sampleRate: 16000, bands: 128, window: 'hann' });
 */
export function kaldiFilterbank(
  samples: Samples,
  {
    sampleRate,
    bands = 23, // Kaldi: num-mel-bins
    window = 'povey', // Kaldi: window-type
    minimumFrequency = 20, // Kaldi: low-freq
    preemphasis = 0.97, // Kaldi: preemphasis-coefficient
    ...others
  }: {
    sampleRate: number;
    /** @default 23 */
    bands?: number;
    /** @default 'povey' */
    window?: 'povey' | 'hann';
    /** @default 20 */
    minimumFrequency?: number;
    /** @default 0.97 */
    preemphasis?: number;
  },
): Spectrogram {
  assertKnownOptions('kaldiFilterbank', others, ['sampleRate', 'bands', 'window', 'minimumFrequency', 'preemphasis']);

  requirePositive('kaldiFilterbank: sampleRate', sampleRate);
  requireInteger('kaldiFilterbank: bands', bands);
  const length = Math.floor(sampleRate * 0.025);
  const hop = Math.floor(sampleRate * 0.01);
  if (samples.length < length) {
    throw new CrossmodalError(`kaldiFilterbank: samples must cover one frame of ${length}, got ${samples.length}`);
  }
  if (window !== 'povey' && window !== 'hann') {
    throw new CrossmodalError(`kaldiFilterbank: window must be povey or hann, got ${String(window)}`);
  }
  requireFinite('kaldiFilterbank', samples, '');
  const size = 2 ** Math.ceil(Math.log2(length));
  const frames = 1 + Math.floor((samples.length - length) / hop);
  const weights = window === 'povey' ? povey(length) : symmetricHann(length);
  const filters = melTriangles(sampleRate, size, bands, minimumFrequency);
  const fourier = realFourier(size);
  const frame = new Float64Array(size);
  const spectrum = new Float64Array(size + 2);
  const power = new Float64Array(size / 2);
  const data = new Float32Array(frames * bands);
  for (let t = 0; t < frames; t++) {
    let mean = 0;
    for (let n = 0; n < length; n++) mean += samples[t * hop + n]! / length;
    let before = samples[t * hop]! - mean;
    for (let n = 0; n < length; n++) {
      const value = samples[t * hop + n]! - mean;
      frame[n] = (value - preemphasis * before) * weights[n]!;
      before = value;
    }
    fourier.forward(frame, spectrum);
    for (let k = 0; k < power.length; k++) power[k] = spectrum[2 * k]! ** 2 + spectrum[2 * k + 1]! ** 2;
    for (let i = 0; i < bands; i++) {
      let sum = 0;
      for (let k = 0; k < power.length; k++) sum += filters[i * power.length + k]! * power[k]!;
      data[t * bands + i] = Math.log(Math.max(sum, 2 ** -23));
    }
  }
  return { data, shape: [frames, bands] };
}

function melTriangles(sampleRate: number, size: number, bands: number, minimum: number): Float64Array {
  const mel = (f: number) => 1127 * Math.log(1 + f / 700);
  const low = mel(minimum);
  const step = (mel(sampleRate / 2) - low) / (bands + 1);
  const filters = new Float64Array((bands * size) / 2);
  for (let i = 0; i < bands; i++) {
    for (let k = 0; k < size / 2; k++) {
      const m = mel((k * sampleRate) / size);
      const rising = (m - (low + i * step)) / step;
      const falling = (low + (i + 2) * step - m) / step;
      filters[(i * size) / 2 + k] = Math.max(0, Math.min(rising, falling));
    }
  }
  return filters;
}
