import { assertKnownOptions, requirePositive } from '@crossmodal/core';
import type { Samples, Spectrogram } from '../waveform.js';
import { filterbank, type MelFilterbank, type MelFilterbankOptions } from './mel.js';
import { framesOf, resolveStft, type StftOptions } from './stft.js';

export interface MelSpectrogramOptions extends StftOptions, Omit<MelFilterbankOptions, 'fftSize'> {}

/** For functions that take these options and more. */
export const melOptionNames: Record<keyof MelSpectrogramOptions, true> = {
  fftSize: true,
  hopLength: true,
  windowLength: true,
  center: true,
  padding: true,
  sampleRate: true,
  bands: true,
  minimumFrequency: true,
  maximumFrequency: true,
  scale: true,
  normalization: true,
};

export const logMelOptionNames = { ...melOptionNames, offset: true } as const;

/** The non-zero stretch of each filter: a triangle covers few bins. */
interface SparseFilters {
  /** First bin of each filter. */
  starts: Int32Array;
  /** Filter i has the weights from ends[i - 1] to ends[i]. */
  ends: Int32Array;
  weights: Float64Array;
}

/** Filters of recent options: a data set asks for the same ones for every file. */
const filters = new Map<string, SparseFilters>();

function sparseFilters(options: MelFilterbankOptions): SparseFilters {
  const { sampleRate, fftSize, bands, minimumFrequency, maximumFrequency, scale, normalization } = options;
  const key = [sampleRate, fftSize, bands, minimumFrequency, maximumFrequency, scale, normalization].join();
  let found = filters.get(key);
  if (!found) {
    found = sparse(filterbank(options));
    if (filters.size >= 32) filters.clear();
    filters.set(key, found);
  }
  return found;
}

function sparse({ data, shape: [bands, bins] }: MelFilterbank): SparseFilters {
  const starts = new Int32Array(bands);
  const ends = new Int32Array(bands);
  const weights: number[] = [];
  for (let i = 0; i < bands; i++) {
    const row = data.subarray(i * bins, (i + 1) * bins);
    const first = row.findIndex((v) => v !== 0);
    let last = bins - 1;
    while (last > first && row[last] === 0) last--;
    starts[i] = Math.max(0, first);
    if (first >= 0) weights.push(...row.subarray(first, last + 1));
    ends[i] = weights.length;
  }
  return { starts, ends, weights: Float64Array.from(weights) };
}

/**
 * Power spectrogram |X_{t,k}|^2 of the short-time Fourier transform.
 *
 * @returns [frames, 1 + fftSize/2]
 * @throws CrossmodalError as `stft` does
 * @example
 * const power = powerSpectrogram(samples, { fftSize: 512, hopLength: 160 });
 */
export function powerSpectrogram(samples: Samples, options: StftOptions = {}): Spectrogram {
  assertKnownOptions('powerSpectrogram', options, ['fftSize', 'hopLength', 'windowLength', 'center', 'padding']);

  const spectra = framesOf('powerSpectrogram', samples, resolveStft('powerSpectrogram', options));
  const { count: frames, bins } = spectra;
  const data = new Float32Array(frames * bins);
  spectra.each((spectrum, t) => {
    for (let k = 0; k < bins; k++) data[t * bins + k] = spectrum[2 * k]! ** 2 + spectrum[2 * k + 1]! ** 2;
  });
  return { data, shape: [frames, bins] };
}

/** Defaults of speech analysis: windows of 25 ms, steps of 10 ms. */
export function speechDefaults({
  sampleRate,
  windowLength,
  fftSize,
  hopLength = Math.max(1, Math.round(0.01 * sampleRate)), // 10 ms: Kaldi, Whisper
  ...rest
}: MelSpectrogramOptions): MelSpectrogramOptions & { fftSize: number } {
  const window = windowLength ?? fftSize ?? Math.max(2, Math.round(0.025 * sampleRate)); // 25 ms: Kaldi, Whisper
  return {
    ...rest,
    sampleRate,
    hopLength,
    windowLength: window,
    fftSize: fftSize ?? 2 ** Math.ceil(Math.log2(window)),
  };
}

/**
 * Mel power spectrogram: mel filters times |STFT|^2.
 *
 * @param samples amplitudes, [time]
 * @param options `sampleRate` in hertz, those of `stft` (25 ms windows every 10 ms unless given) and of `melFilterbank`
 * @returns [frames, bands]
 * @throws CrossmodalError when an option is out of range or the signal is shorter than a frame
 * @see librosa.feature.melspectrogram with pad_mode='reflect'; torchaudio.transforms.MelSpectrogram
 * @example
 * const { data, shape } = melSpectrogram(samples, { sampleRate: 16000, bands: 64 });
 */
export function melSpectrogram(samples: Samples, options: MelSpectrogramOptions): Spectrogram {
  assertKnownOptions('melSpectrogram', options, melOptionNames);

  requirePositive('melSpectrogram: sampleRate', options.sampleRate);
  const resolved = speechDefaults(options);
  const spectra = framesOf('melSpectrogram', samples, resolveStft('melSpectrogram', resolved));
  const { starts, ends, weights } = sparseFilters(resolved);
  const bands = starts.length;
  const data = new Float32Array(spectra.count * bands);
  const power = new Float64Array(spectra.bins);
  spectra.each((spectrum, t) => {
    for (let k = 0; k < power.length; k++) {
      const real = spectrum[2 * k]!;
      const imaginary = spectrum[2 * k + 1]!;
      power[k] = real * real + imaginary * imaginary;
    }
    for (let i = 0, w = 0; i < bands; i++) {
      const end = ends[i]!;
      let sum = 0;
      for (let k = starts[i]!; w < end; k++, w++) sum += weights[w]! * power[k]!;
      data[t * bands + i] = sum;
    }
  });
  return { data, shape: [spectra.count, bands] };
}

/**
 * Natural logarithm of the mel power spectrogram: ln(mel + offset).
 *
 * @param samples amplitudes, [time]
 * @returns [frames, bands]
 * @throws CrossmodalError as `melSpectrogram` does
 * @example
 * const features = logMel(samples, { sampleRate: 8000, bands: 40 });
 */
export function logMel(
  samples: Samples,
  {
    offset = 1e-6, // torchaudio's wav2letter and DeepSpeech recipes
    ...options
  }: MelSpectrogramOptions & {
    /** @default 1e-6 */
    offset?: number;
  },
): Spectrogram {
  assertKnownOptions('logMel', options, logMelOptionNames);

  requirePositive('logMel: offset', offset);
  const mel = melSpectrogram(samples, options);
  for (let i = 0; i < mel.data.length; i++) mel.data[i] = Math.log(mel.data[i]! + offset);
  return mel;
}
