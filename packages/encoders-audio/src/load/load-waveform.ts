import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { decodeSound, readSound } from '../compressed/decode-sound.js';
import { resample } from '../dsp/resample.js';
import { requireFinite, requireSampleRate, type Waveform } from '../waveform.js';

/** A recording to be encoded: path of a file (wav, mp3, flac, ogg, opus, m4a), the bytes of one, or samples with their rate. */
export type AudioItem = string | Uint8Array | Waveform;

/**
 * The mean of a recording's channels at the rate that is asked for.
 *
 * @param item path, bytes of a file, or samples
 * @param options.sampleRate in hertz; that of the recording unless given
 * @returns amplitudes, [time], and their rate
 * @throws CrossmodalError naming the file when it cannot be read; when samples are missing or not finite
 * @example
 * const { samples } = await loadWaveform('hello.wav', { sampleRate: 16000 });
 */
export async function loadWaveform(
  item: AudioItem,
  { sampleRate, ...others }: { sampleRate?: number } = {},
): Promise<Waveform> {
  assertKnownOptions('loadWaveform', others, ['sampleRate']);

  const waveform =
    typeof item === 'string'
      ? await readSound(item)
      : item instanceof Uint8Array
        ? await decodeSound(item)
        : checked(item);
  requireFinite('loadWaveform', waveform.samples, typeof item === 'string' ? item : '');
  if (sampleRate === undefined || sampleRate === waveform.sampleRate) {
    return { samples: waveform.samples, sampleRate: waveform.sampleRate };
  }
  return { samples: resample(waveform.samples, { from: waveform.sampleRate, to: sampleRate }), sampleRate };
}

function checked({ samples, sampleRate }: Waveform): Waveform {
  requireSampleRate('loadWaveform: sampleRate', sampleRate);
  if (!(samples?.length > 0)) throw new CrossmodalError('loadWaveform: samples must hold at least one value, got none');
  return { samples, sampleRate };
}

/**
 * Cuts or zero-pads a signal to a length. A longer one keeps its middle, or the part that begins at `start`.
 *
 * @returns [length]
 */
export function fitLength(
  samples: Float32Array,
  length: number,
  { start, ...others }: { start?: number } = {},
): Float32Array {
  assertKnownOptions('fitLength', others, ['start']);

  if (samples.length === length) return samples;
  const out = new Float32Array(length);
  const from = samples.length > length ? (start ?? Math.floor((samples.length - length) / 2)) : 0;
  out.set(samples.subarray(from, from + length));
  return out;
}
