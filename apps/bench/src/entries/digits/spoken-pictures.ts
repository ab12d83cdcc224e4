import { logMel } from '@crossmodal/encoders-audio';
import type { Image } from '@crossmodal/encoders-vision';
import type { SpokenDigit } from '../../data/spoken-digits.js';

/** Rows (bands, low ones below) and columns (time) of a recording's picture, as many as a written digit has. */
const size = 28;
/** Seconds of a recording that are looked at; most digits are over by then. */
const seconds = 0.6;
/** Decibels below the loudest value that are still told apart. */
const range = 60;

/**
 * A recording as a picture [28, 28, 1] of the size of a written digit: 28 mel bands over 0.6 seconds, in decibels from 60 below its loudest
 * value (0) to that (1). What is missing at its end is silence.
 */
export function spokenPicture({ waveform: { samples, sampleRate } }: SpokenDigit): Image {
  const hopLength = Math.floor((seconds * sampleRate) / size);
  const whole = new Float32Array(hopLength * size);
  whole.set(samples.subarray(0, whole.length));
  const { data } = logMel(whole, { sampleRate, bands: size, hopLength, windowLength: 2 * hopLength, fftSize: 512 });
  const decibel = 10 / Math.LN10;
  let loudest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < size * size; i++) loudest = Math.max(loudest, data[i]!);
  const picture = new Float32Array(size * size);
  for (let time = 0; time < size; time++) {
    for (let band = 0; band < size; band++) {
      const below = (loudest - data[time * size + band]!) * decibel;
      picture[(size - 1 - band) * size + time] = Math.max(0, 1 - below / range);
    }
  }
  return { data: picture, shape: [size, size, 1] };
}
