import { CrossmodalError } from '@crossmodal/core';

/** One channel of sound. */
export interface Waveform {
  /** Amplitudes, nominally in [-1, 1]. */
  readonly samples: Float32Array;
  /** Samples per second, in hertz. */
  readonly sampleRate: number;
}

/** A time-frequency picture, [frames, bins]: the value of frame t, bin k is `data[t * bins + k]`. A `HostArray` of core. */
export interface Spectrogram {
  readonly data: Float32Array;
  readonly shape: readonly [frames: number, bins: number];
}

/** Any indexable list of amplitudes: a typed array or a plain one. */
export type Samples = ArrayLike<number>;

/**
 * Averages channels into one: y_t = mean over c of x_{c,t}.
 *
 * @param channels equally long channels, at least one
 * @returns Float32Array of the channels' length
 * @throws CrossmodalError when there is no channel, or when lengths differ
 * @example
 * monoMix([new Float32Array([1, 0]), new Float32Array([0, 0])]); // Float32Array [0.5, 0]
 */
export function monoMix(channels: readonly Samples[]): Float32Array {
  const first = channels[0];
  if (!first) throw new CrossmodalError('monoMix: channels must hold at least one channel, got none');
  const lengths = channels.map((c) => c.length);
  if (lengths.some((length) => length !== first.length)) {
    throw new CrossmodalError(`monoMix: channels must be equally long, got ${lengths.join(', ')} samples`);
  }
  const mix = new Float32Array(first.length);
  for (let t = 0; t < mix.length; t++) {
    let sum = 0;
    for (const channel of channels) sum += channel[t]!;
    mix[t] = sum / channels.length;
  }
  return mix;
}

/** The highest rate that is believed, in hertz: instruments that record ultrasound and radio stay below it. */
export const MAXIMUM_RATE = 10_000_000;

/** Throws unless `value` is a rate that recordings have. */
export function requireSampleRate(where: string, value: number): void {
  if (!Number.isInteger(value) || value < 1 || value > MAXIMUM_RATE) {
    throw new CrossmodalError(`${where} must be a whole number of hertz from 1 to ${MAXIMUM_RATE}, got ${value}`);
  }
}

/** Throws when an amplitude is NaN or infinite; `source` is what messages call the recording. */
export function requireFinite(where: string, samples: Samples, source: string): void {
  for (let n = 0; n < samples.length; n++) {
    if (Number.isFinite(samples[n])) continue;
    throw new CrossmodalError(
      `${where}: samples must be finite, got ${samples[n]} at ${n}${source && ` of ${source}`}`,
      {
        remedy: 'repair the recording, or leave it out',
      },
    );
  }
}
