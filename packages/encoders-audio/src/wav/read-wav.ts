import { readFile } from 'node:fs/promises';
import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { monoMix, type Waveform } from '../waveform.js';
import { imaAdpcm, microsoftAdpcm } from './adpcm.js';
import { wavLayout } from './chunks.js';
import type { WavFormat } from './format.js';
import { logarithmic } from './logarithmic.js';
import { samplesOfBytes, type WavEncoding } from './samples.js';

/** A decoded wav file. As a `Waveform` it is the mean of its channels. */
export interface Wav extends Waveform {
  /** Each channel, as in the file. */
  readonly channels: readonly Float32Array[];
  /** Bits per stored sample (of the container: 12-bit sound stored in 16 bits says 16). */
  readonly bitDepth: number;
  /** `compressed` covers A-law, mu-law, IMA and Microsoft ADPCM. */
  readonly encoding: WavEncoding | 'compressed';
}

/**
 * Decodes the bytes of a wav file: 8, 16, 24 and 32-bit integers, 32 and 64-bit floats, A-law, mu-law, IMA and
 * Microsoft ADPCM, any number of channels, any rate, in RIFF, RIFX (big-endian), RF64 and extensible headers. Integers of b
 * bits are divided by 2^(b-1), so amplitudes lie in [-1, 1).
 *
 * @param bytes the whole file
 * @param options.source name used in error messages
 * @returns channels and their mean, [frames] each
 * @throws CrossmodalError when the bytes are empty, cut short, not a wav file, or hold no sample or an unknown encoding
 * @see Microsoft, "Multiple channel audio data and WAVE files"; libsndfile's normalisation
 * @example
 * const { samples, sampleRate } = decodeWav(await readFile('hello.wav'));
 */
export function decodeWav(
  bytes: Uint8Array,
  {
    source = 'the given bytes',
    ...others
  }: {
    /** @default 'the given bytes' */
    source?: string;
  } = {},
): Wav {
  assertKnownOptions('decodeWav', others, ['source']);

  const { littleEndian, format, dataStart, dataLength, frames } = wavLayout(bytes, source);
  const data = bytes.subarray(dataStart, dataStart + dataLength);
  const { code, sampleRate, bits } = format;
  const channels =
    code === 1 || code === 3
      ? samplesOfBytes(data, {
          bits: storedBits(format, source),
          encoding: code === 3 ? 'float' : 'integer',
          channels: format.channels,
          littleEndian,
        })
      : decompress(data, format, { littleEndian, announced: frames }, source).map((channel) =>
          Float32Array.from(channel, (value) => value / 32768),
        );
  if (channels[0]!.length === 0) {
    throw new CrossmodalError(`readWav: ${source} holds no samples`, { remedy: 'record it again, or leave it out' });
  }
  return {
    channels,
    samples: channels.length === 1 ? channels[0]! : monoMix(channels),
    sampleRate,
    bitDepth: bits,
    encoding: code === 3 ? 'float' : code === 1 ? 'integer' : 'compressed',
  };
}

function storedBits({ bits: said, code }: WavFormat, source: string): number {
  const bits = Math.ceil(said / 8) * 8;
  const known = code === 3 ? [32, 64] : [8, 16, 24, 32];
  if (!known.includes(bits)) {
    throw new CrossmodalError(
      `readWav: ${source} stores ${said}-bit ${code === 3 ? 'floats' : 'integers'}; known are ${known.join(', ')}`,
      { remedy: 'convert the file with `ffmpeg -i input -c:a pcm_s16le output.wav`' },
    );
  }
  return bits;
}

function decompress(
  data: Uint8Array,
  format: WavFormat,
  rest: { littleEndian: boolean; announced: number },
  source: string,
): Int16Array[] {
  const { code, channels, blockAlign, coefficients } = format;
  if (code === 6) return logarithmic(data, channels, 'A');
  if (code === 7) return logarithmic(data, channels, 'mu');
  if (code !== 2 && code !== 17) {
    throw new CrossmodalError(
      `readWav: ${source} is encoded as format code ${code}; known are PCM, float, A-law, mu-law, IMA and Microsoft ADPCM`,
      { remedy: 'convert the file with `ffmpeg -i input -c:a pcm_s16le output.wav`' },
    );
  }
  const header = (code === 2 ? 7 : 4) * channels;
  if (blockAlign < header || format.bits !== 4) {
    throw new CrossmodalError(
      `readWav: ${source} says ADPCM of ${format.bits} bits in blocks of ${blockAlign} bytes, known are 4 bits in blocks of at least ${header}`,
      { remedy: 'its header is damaged: convert the file again' },
    );
  }
  const layout = { channels, blockAlign, ...rest };
  return code === 2 ? microsoftAdpcm(data, layout, coefficients) : imaAdpcm(data, layout);
}

/**
 * Reads and decodes a wav file; see `decodeWav` for the encodings.
 *
 * @param path path of the file
 * @returns channels, and their mean as `samples`
 * @throws CrossmodalError naming the file when it does not exist, is empty, cut short or not a wav file
 * @example
 * const { samples, sampleRate } = await readWav('recordings/hello.wav');
 */
export async function readWav(path: string): Promise<Wav> {
  const bytes = await readFile(path).catch((cause) => unreadable(path, cause));
  return decodeWav(bytes, { source: path });
}

/** What is said of a file that cannot be read. */
export function unreadable(path: string, cause: NodeJS.ErrnoException): never {
  const { code } = cause;
  const what = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
  throw new CrossmodalError(`readWav: ${path} ${what}`, {
    remedy: 'check the path; it is relative to the working directory',
    cause,
  });
}
