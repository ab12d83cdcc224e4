import { assertKnownOptions, requirePositive } from '@crossmodal/core';
import type { Samples } from '../waveform.js';
import { framesOf, resolveStft, type StftOptions } from './stft.js';

/**
 * Spectral centroid per frame, in hertz: sum_k f_k |X_k| / sum_k |X_k|; 0 where the frame is silent.
 *
 * @returns [frames]
 * @throws CrossmodalError as `stft` does
 * @see Klapuri and Davy (2007), "Signal processing methods for music transcription", chapter 5; librosa.feature.spectral_centroid
 * @example
 * const brightness = spectralCentroid(samples, { sampleRate: 16000, fftSize: 512 });
 */
export function spectralCentroid(
  samples: Samples,
  { sampleRate, ...options }: StftOptions & { sampleRate: number },
): Float32Array {
  assertKnownOptions('spectralCentroid', options, [
    'fftSize',
    'hopLength',
    'windowLength',
    'center',
    'padding',
    'sampleRate',
  ]);

  requirePositive('spectralCentroid: sampleRate', sampleRate);
  const resolved = resolveStft('spectralCentroid', options);
  const spectra = framesOf('spectralCentroid', samples, resolved);
  const out = new Float32Array(spectra.count);
  spectra.each((spectrum, t) => {
    let sum = 0;
    let moment = 0;
    for (let k = 0; k < spectra.bins; k++) {
      const magnitude = Math.hypot(spectrum[2 * k]!, spectrum[2 * k + 1]!);
      sum += magnitude;
      moment += (magnitude * k * sampleRate) / resolved.fftSize;
    }
    out[t] = sum > 0 ? moment / sum : 0;
  });
  return out;
}
