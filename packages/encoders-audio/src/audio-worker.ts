import { CrossmodalError } from '@crossmodal/core';
import type { HostArray, Media } from '@crossmodal/core/data';
import type { AudioDecoderOptions } from './audio-decoder.js';
import { decodeSound, readSoundInThread } from './compressed/decode-sound.js';
import { logMel } from './dsp/mel-spectrogram.js';
import { mfcc } from './dsp/mfcc.js';
import { resample } from './dsp/resample.js';

import { requireFinite } from './waveform.js';

/** What a decoding thread does with a file, or with the bytes of one. It waits for the disk: threads are made for that. */
export async function decode(
  item: Media,
  { sampleRate, features, mel, resampling }: AudioDecoderOptions,
): Promise<HostArray> {
  const sound = typeof item === 'string' ? await readSoundInThread(item) : await decodeSound(item);
  requireFinite('audioDecoder', sound.samples, typeof item === 'string' ? item : `the given ${item.length} bytes`);
  const rate = sampleRate ?? sound.sampleRate;
  const samples =
    rate === sound.sampleRate
      ? sound.samples
      : resample(sound.samples, { ...resampling, from: sound.sampleRate, to: rate });
  try {
    if (features === 'logMel') return logMel(samples, { ...mel, sampleRate: rate });
    if (features === 'mfcc') return mfcc(samples, { ...mel, sampleRate: rate });
  } catch (cause) {
    const name = typeof item === 'string' ? item : `the given ${item.length} bytes`;
    throw new CrossmodalError(`audioDecoder: ${name}: ${(cause as Error).message}`, { cause });
  }
  return { data: samples, shape: [samples.length] };
}
