import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { type Decoder, workerPool } from '@crossmodal/core/data';
import type { MelSpectrogramOptions } from './dsp/mel-spectrogram.js';
import type { ResampleOptions } from './dsp/resample.js';

export interface AudioDecoderOptions {
  /** Rate that recordings are resampled to, in hertz; each keeps its own unless given. */
  sampleRate?: number;
  /** What is made of a recording: amplitudes [time], or features [frames, bands]. */
  features?: 'waveform' | 'logMel' | 'mfcc';
  /** Options of `logMel` or `mfcc`. */
  mel?: Omit<MelSpectrogramOptions, 'sampleRate'> & {
    offset?: number;
    coefficients?: number;
    lifter?: number;
    range?: number;
  };
  /** How the rate is changed. */
  resampling?: Omit<ResampleOptions, 'from' | 'to'>;
  /** Threads; by default one per core less one. */
  workers?: number;
}

/**
 * A decoder for core's pipelines and caches: recordings (wav, mp3, flac, ogg, opus, m4a) to amplitudes or features, on threads of their own. Close it when
 * done.
 *
 * @throws CrossmodalError when an option is of the wrong kind; `decode` throws it, naming the file, for files that cannot
 * be read or are too short for a frame
 * @example
 * const decoder = audioDecoder({ sampleRate: 8000, features: 'logMel', mel: { bands: 40 } });
 * const { data, shape } = await decoder.decode('hello.wav'); // [frames, 40]
 * await decoder.close();
 */
export function audioDecoder({ workers, ...options }: AudioDecoderOptions = {}): Decoder {
  assertKnownOptions('audioDecoder', options, ['sampleRate', 'features', 'mel', 'resampling', 'workers']);

  const { features = 'waveform' } = options;
  if (!['waveform', 'logMel', 'mfcc'].includes(features)) {
    throw new CrossmodalError(`audioDecoder: features must be waveform, logMel or mfcc, got ${String(features)}`);
  }
  // Beside this file in the sources, and beside the bundle in the package.
  const module = new URL('./audio-worker.js', import.meta.url);
  const pool = workerPool<Parameters<Decoder['decode']>[0], Awaited<ReturnType<Decoder['decode']>>>(module, {
    name: 'decode',
    workers,
    settings: options,
  });
  return {
    decode: (item) => pool.run(item),
    settings: { kind: 'audio', version: 1, ...options, features },
    close: () => pool.close(),
  };
}
