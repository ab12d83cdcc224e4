import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import type { Spectrogram } from '../waveform.js';
import { inverseStft } from './inverse-stft.js';
import { resolveStft, type StftOptions, stft } from './stft.js';

/**
 * A signal whose short-time spectrum has about the given magnitudes. Starts from zero phase and repeats
 * y = istft(S P), R = stft(y), P = R - momentum / (1 + momentum) R_previous, P = P / |P|.
 *
 * @param magnitude |X|, [frames, 1 + fftSize/2]
 * @param options those of `stft`; `iterations`; `momentum` in [0, 1); `length`: samples wanted
 * @returns amplitudes, [length]
 * @throws CrossmodalError when the number of bins does not fit `fftSize`
 * @see Griffin and Lim (1984); Perraudin, Balazs and Sondergaard (2013), "A fast Griffin-Lim algorithm"
 * @example
 * const heard = griffinLim(magnitude, { fftSize: 512, hopLength: 128 });
 */
export function griffinLim(
  magnitude: Spectrogram,
  {
    iterations = 32, // librosa
    momentum = 0.99, // Perraudin et al.; librosa
    length,
    ...options
  }: StftOptions & {
    /** @default 32 */
    iterations?: number;
    /** @default 0.99 */
    momentum?: number;
    length?: number;
  } = {},
): Float32Array {
  assertKnownOptions('griffinLim', options, [
    'fftSize',
    'hopLength',
    'windowLength',
    'center',
    'padding',
    'iterations',
    'momentum',
    'length',
  ]);

  const resolved = resolveStft('griffinLim', options);
  requireInteger('griffinLim: iterations', iterations);
  const { data: values, shape } = magnitude;
  const real = Float32Array.from(values);
  const imaginary = new Float32Array(values.length);
  const inertia = momentum / (1 + momentum);
  let previous: { real: Float32Array; imaginary: Float32Array } | undefined;
  for (let i = 0; i < iterations; i++) {
    const signal = inverseStft({ real, imaginary, shape }, { ...resolved, length });
    const rebuilt = stft(signal, resolved);
    // A shorter `length` may give fewer frames than asked for: the missing ones keep zero phase.
    const known = Math.min(rebuilt.real.length, values.length);
    for (let k = 0; k < values.length; k++) {
      let re = k < known ? rebuilt.real[k]! : 0;
      let im = k < known ? rebuilt.imaginary[k]! : 0;
      if (previous && k < known) {
        re -= inertia * previous.real[k]!;
        im -= inertia * previous.imaginary[k]!;
      }
      const factor = values[k]! / (Math.hypot(re, im) + Number.MIN_VALUE);
      const flat = re === 0 && im === 0;
      real[k] = flat ? 0 : re * factor;
      imaginary[k] = flat ? 0 : im * factor;
    }
    previous = rebuilt;
  }
  return inverseStft({ real, imaginary, shape }, { ...resolved, length });
}
