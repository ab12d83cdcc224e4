import { assertKnownOptions, CrossmodalError, requireInteger, requireOneOf, requirePositive } from '@crossmodal/core';

/** Which formula maps hertz to mel. */
export type MelScale = 'slaney' | 'htk';

export interface MelFilterbankOptions {
  /** Samples per second of the analysed signal, in hertz. */
  sampleRate: number;
  fftSize: number;
  /** Number of triangles. */
  bands?: number;
  /** Lower edge of the first triangle, in hertz. */
  minimumFrequency?: number;
  /** Upper edge of the last triangle, in hertz; half the sample rate unless given. */
  maximumFrequency?: number;
  scale?: MelScale;
  /** `area`: each triangle times 2 / (its width in hertz), "slaney" in librosa; `none`: peaks of one. */
  normalization?: 'area' | 'none';
}

/** A matrix of triangles, [bands, bins], row-major. */
export interface MelFilterbank {
  readonly data: Float64Array;
  readonly shape: readonly [bands: number, bins: number];
}

/**
 * Hertz to mel. HTK: 2595 log10(1 + f/700). Slaney: f / (200/3) below 1 kHz, 15 + 27 ln(f/1000) / ln 6.4 above.
 * @see O'Shaughnessy (1987), "Speech communication"; Slaney (1998), "Auditory toolbox"
 */
export function hertzToMel(
  frequency: number,
  {
    scale = 'slaney',
    ...others
  }: {
    /** @default 'slaney' */
    scale?: MelScale;
  } = {},
): number {
  assertKnownOptions('hertzToMel', others, ['scale']);
  requireOneOf('hertzToMel: scale', scale, ['slaney', 'htk']);

  if (scale === 'htk') return 2595 * Math.log10(1 + frequency / 700);
  return frequency < 1000 ? frequency / (200 / 3) : 15 + (27 * Math.log(frequency / 1000)) / Math.log(6.4);
}

/** Inverse of `hertzToMel`. */
export function melToHertz(
  mel: number,
  {
    scale = 'slaney',
    ...others
  }: {
    /** @default 'slaney' */
    scale?: MelScale;
  } = {},
): number {
  assertKnownOptions('melToHertz', others, ['scale']);
  requireOneOf('melToHertz: scale', scale, ['slaney', 'htk']);

  if (scale === 'htk') return 700 * (10 ** (mel / 2595) - 1);
  return mel < 15 ? (mel * 200) / 3 : 1000 * Math.exp((Math.log(6.4) / 27) * (mel - 15));
}

/**
 * Triangular filters on the mel scale. With m_0 .. m_{bands+1} equally spaced in mel and f_i their hertz,
 * filter i at frequency f is max(0, min((f - f_i) / (f_{i+1} - f_i), (f_{i+2} - f) / (f_{i+2} - f_{i+1}))),
 * times 2 / (f_{i+2} - f_i) with `normalization: 'area'`.
 *
 * @returns [bands, 1 + fftSize/2]
 * @throws CrossmodalError when the frequencies are not 0 <= minimum < maximum <= sampleRate / 2
 * @see Slaney (1998), "Auditory toolbox"; librosa.filters.mel; torchaudio.functional.melscale_fbanks
 * @example
 * const { data, shape } = melFilterbank({ sampleRate: 16000, fftSize: 400, bands: 80 });
 */
export function melFilterbank(options: MelFilterbankOptions): MelFilterbank {
  assertKnownOptions('melFilterbank', options, [
    'sampleRate',
    'fftSize',
    'bands',
    'minimumFrequency',
    'maximumFrequency',
    'scale',
    'normalization',
  ]);
  return filterbank(options);
}

/** The same for callers whose options hold others beside. */
export function filterbank({
  sampleRate,
  fftSize,
  bands = 80, // Whisper, and most text-to-speech work
  minimumFrequency = 0,
  maximumFrequency = sampleRate / 2,
  scale = 'slaney', // librosa's default
  normalization = 'area', // librosa's default
}: MelFilterbankOptions): MelFilterbank {
  requireOneOf('melFilterbank: scale', scale, ['slaney', 'htk']);
  requireOneOf('melFilterbank: normalization', normalization, ['none', 'area']);
  requirePositive('melFilterbank: sampleRate', sampleRate);
  requireInteger('melFilterbank: fftSize', fftSize, 2);
  requireInteger('melFilterbank: bands', bands);
  if (!(minimumFrequency >= 0 && minimumFrequency < maximumFrequency && maximumFrequency <= sampleRate / 2)) {
    throw new CrossmodalError(
      `melFilterbank: frequencies must obey 0 <= minimum < maximum <= ${sampleRate / 2} Hz (half the sample rate), ` +
        `got ${minimumFrequency} and ${maximumFrequency}`,
    );
  }
  const low = hertzToMel(minimumFrequency, { scale });
  const high = hertzToMel(maximumFrequency, { scale });
  const edges = Float64Array.from({ length: bands + 2 }, (_, i) =>
    melToHertz(low + ((high - low) * i) / (bands + 1), { scale }),
  );
  const bins = 1 + Math.floor(fftSize / 2);
  const data = new Float64Array(bands * bins);
  for (let i = 0; i < bands; i++) {
    const left = edges[i]!;
    const peak = edges[i + 1]!;
    const right = edges[i + 2]!;
    const factor = normalization === 'area' ? 2 / (right - left) : 1;
    for (let k = 0; k < bins; k++) {
      const f = (k * sampleRate) / fftSize;
      data[i * bins + k] = Math.max(0, Math.min((f - left) / (peak - left), (right - f) / (right - peak))) * factor;
    }
  }
  return { data, shape: [bands, bins] };
}
