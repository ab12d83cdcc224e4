import { assertKnownOptions, requireOneOf } from '@crossmodal/core';
import wavefile from 'wavefile';
import { requireSampleRate, type Waveform } from '../waveform.js';

/**
 * Encodes one channel as the bytes of a wav file: 16-bit integers (clipped to [-1, 1]) or 32-bit floats.
 *
 * @param waveform amplitudes in [-1, 1] and their rate
 * @param options.encoding how samples are stored
 * @returns the bytes of the file
 * @throws CrossmodalError when the sample rate is not a positive whole number
 * @example
 * await writeFile('out.wav', encodeWav({ samples, sampleRate: 16000 }));
 */
export function encodeWav(
  { samples, sampleRate }: Waveform,
  {
    encoding = 'integer16', // what every player reads
    ...others
  }: {
    /** @default 'integer16' */
    encoding?: 'integer16' | 'float32';
  } = {},
): Uint8Array {
  assertKnownOptions('encodeWav', others, ['encoding']);
  requireOneOf('encodeWav: encoding', encoding, ['integer16', 'float32']);

  requireSampleRate('encodeWav: sampleRate', sampleRate);
  const wav = new wavefile.WaveFile();
  if (encoding === 'float32') {
    wav.fromScratch(1, sampleRate, '32f', samples);
  } else {
    const integers = Int16Array.from(samples, (v) => Math.max(-32768, Math.min(32767, Math.round(v * 32768))));
    wav.fromScratch(1, sampleRate, '16', integers);
  }
  return wav.toBuffer();
}
