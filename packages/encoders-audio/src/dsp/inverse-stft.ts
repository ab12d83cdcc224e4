import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { realFourier } from './fft.js';
import { type ComplexSpectrogram, centredWindow, resolveStft, type StftOptions } from './stft.js';

/**
 * Inverse short-time Fourier transform by weighted overlap-add:
 * y_n = sum_t w_{n - t hop} x_t(n - t hop) / sum_t w_{n - t hop}^2.
 *
 * @param spectrogram what `stft` returned, [frames, 1 + fftSize/2]
 * @param options the options given to `stft`; `length`: samples wanted, else what the frames cover
 * @returns amplitudes, [length]
 * @throws CrossmodalError when the number of bins does not fit `fftSize`
 * @see Griffin and Lim (1984), "Signal estimation from modified short-time Fourier transform", eq. 6
 * @example
 * const again = inverseStft(stft(samples, options), { ...options, length: samples.length });
 */
export function inverseStft(
  { real, imaginary, shape: [frames, bins] }: ComplexSpectrogram,
  { length, ...options }: StftOptions & { length?: number } = {},
): Float32Array {
  assertKnownOptions('inverseStft', options, ['fftSize', 'hopLength', 'windowLength', 'center', 'padding', 'length']);

  const { fftSize, hopLength, windowLength, center } = resolveStft('inverseStft', options);
  if (bins !== 1 + Math.floor(fftSize / 2) || real.length !== frames * bins || imaginary.length !== frames * bins) {
    throw new CrossmodalError(
      `inverseStft: a spectrogram for fftSize ${fftSize} has ${1 + Math.floor(fftSize / 2)} bins, got [${frames}, ${bins}]`,
      { remedy: 'pass the fftSize that stft was given' },
    );
  }
  const total = fftSize + hopLength * (frames - 1);
  const sum = new Float64Array(total);
  const weight = new Float64Array(total);
  const window = centredWindow(windowLength, fftSize);
  const fourier = realFourier(fftSize);
  const spectrum = new Float64Array(2 * bins);
  const frame = new Float64Array(fftSize);
  for (let t = 0; t < frames; t++) {
    for (let k = 0; k < bins; k++) {
      spectrum[2 * k] = real[t * bins + k]!;
      spectrum[2 * k + 1] = imaginary[t * bins + k]!;
    }
    fourier.inverse(spectrum, frame);
    for (let n = 0; n < fftSize; n++) {
      sum[t * hopLength + n]! += frame[n]! * window[n]!;
      weight[t * hopLength + n]! += window[n]! * window[n]!;
    }
  }
  const start = center ? Math.floor(fftSize / 2) : 0;
  const out = new Float32Array(length ?? total - 2 * start);
  for (let n = 0; n < out.length; n++) {
    const w = weight[start + n] ?? 0;
    // Where no window reaches, librosa leaves the sum as it is.
    out[n] = w > Number.MIN_VALUE ? (sum[start + n] ?? 0) / w : (sum[start + n] ?? 0);
  }
  return out;
}
