import { CrossmodalError } from '@crossmodal/core';
import type { HostArray, Media } from '@crossmodal/core/data';
import type { AudioDecoderOptions } from './audio-decoder.js';
import { logMel } from './dsp/mel-spectrogram.js';
import { mfcc } from './dsp/mfcc.js';
import { resample } from './dsp/resample.js';
import { decodeWav, readWavSync } from './wav/read-wav.js';
import { requireFinite } from './waveform.js';

/** What a decoding thread does with a file, or with the bytes of one. It waits for the disk: threads are made for that. */
export function decode(item: Media, { sampleRate, features, mel, resampling }: AudioDecoderOptions): HostArray {
  const wav = typeof item === 'string' ? readWavSync(item) : decodeWav(item);
  requireFinite('audioDecoder', wav.samples, typeof item === 'string' ? item : `the given ${item.length} bytes`);
  const rate = sampleRate ?? wav.sampleRate;
  const samples =
    rate === wav.sampleRate ? wav.samples : resample(wav.samples, { ...resampling, from: wav.sampleRate, to: rate });
  try {
    if (features === 'logMel') return logMel(samples, { ...mel, sampleRate: rate });
    if (features === 'mfcc') return mfcc(samples, { ...mel, sampleRate: rate });
  } catch (cause) {
    const name = typeof item === 'string' ? item : `the given ${item.length} bytes`;
    throw new CrossmodalError(`audioDecoder: ${name}: ${(cause as Error).message}`, { cause });
  }
  return { data: samples, shape: [samples.length] };
}
