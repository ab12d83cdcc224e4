import { assertKnownOptions, CrossmodalError, requireOneOf } from '@crossmodal/core';
import type { Spectrogram } from '../waveform.js';

/**
 * Time derivatives of features. In the window of 2 N + 1 frames around t, order 1 is the slope of the fitted line,
 * d_t = sum_n n c_{t+n} / sum_n n^2, and order 2 the second derivative of the fitted parabola.
 *
 * `edge: 'fit'` takes, for the first and last N frames, the derivative of the polynomial fitted to the edge window
 * (librosa's default, Savitzky-Golay); `edge: 'repeat'` repeats the first and last frame (torchaudio, HTK).
 *
 * @param features [frames, bins]
 * @returns [frames, bins]
 * @throws CrossmodalError when `width` is not odd or smaller than 3, or exceeds the frames with `edge: 'fit'`
 * @see Furui (1986), eq. 1; Savitzky and Golay (1964); librosa.feature.delta, torchaudio.functional.compute_deltas
 * @example
 * const slopes = delta(mfcc(samples, { sampleRate: 8000 }), { width: 9 });
 */
export function delta(
  features: Spectrogram,
  {
    width = 9, // librosa; torchaudio uses 5
    order = 1,
    edge = 'fit', // librosa
    ...others
  }: {
    /** @default 9 */
    width?: number;
    /** @default 1 */
    order?: 1 | 2;
    /** @default 'fit' */
    edge?: 'fit' | 'repeat';
  } = {},
): Spectrogram {
  assertKnownOptions('delta', others, ['width', 'order', 'edge']);
  requireOneOf('delta: edge', edge, ['fit', 'repeat']);

  const [frames, bins] = features.shape;
  if (!Number.isInteger(width) || width < 3 || width % 2 === 0) {
    throw new CrossmodalError(`delta: width must be an odd whole number of at least 3, got ${width}`);
  }
  if (edge === 'fit' && frames < width) {
    throw new CrossmodalError(`delta: fitting the edges needs at least ${width} frames, got ${frames}`, {
      remedy: "use edge: 'repeat' or a smaller width",
    });
  }
  const half = (width - 1) / 2;
  const out = new Float32Array(frames * bins);
  for (let t = 0; t < frames; t++) {
    // The window stays inside with 'fit'; a line has one slope, a parabola one curvature, wherever it is read.
    const centre = edge === 'fit' ? Math.min(Math.max(t, half), frames - 1 - half) : t;
    for (let k = 0; k < bins; k++) {
      let sum = 0;
      for (let n = -half; n <= half; n++) {
        const frame = Math.min(Math.max(centre + n, 0), frames - 1);
        sum += weightOf(order, n, half) * features.data[frame * bins + k]!;
      }
      out[t * bins + k] = sum;
    }
  }
  return { data: out, shape: [frames, bins] };
}

/** Least-squares weights of the derivatives at the centre of -half .. half. */
function weightOf(order: 1 | 2, n: number, half: number): number {
  const count = 2 * half + 1;
  const squares = (half * (half + 1) * count) / 3;
  if (order === 1) return n / squares;
  const fourths = (squares * (3 * half * half + 3 * half - 1)) / 5;
  // Second derivative of the parabola: twice its leading coefficient.
  return (2 * (count * n * n - squares)) / (count * fourths - squares * squares);
}
