import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CrossmodalError } from '@crossmodal/core';
import wavefile from 'wavefile';
import { monoMix, type Waveform } from '../waveform.js';
import { wavLayout } from './chunks.js';
import { samplesOfBytes, type WavEncoding } from './samples.js';

/** A decoded wav file. As a `Waveform` it is the mean of its channels. */
export interface Wav extends Waveform {
  /** Each channel, as in the file. */
  readonly channels: readonly Float32Array[];
  /** Bits per stored sample (of the container: 12-bit sound stored in 16 bits says 16). */
  readonly bitDepth: number;
  /** `compressed` covers A-law, mu-law and IMA ADPCM. */
  readonly encoding: WavEncoding | 'compressed';
}

/** The part of a `fmt ` chunk that we use; `wavefile` types it as a bare object. */
interface FormatChunk {
  audioFormat: number;
  numChannels: number;
  sampleRate: number;
  bitsPerSample: number;
  blockAlign: number;
  subformat: number[];
}

const extensible = 0xfffe;

/**
 * Decodes the bytes of a wav file: 8, 16, 24 and 32-bit integers, 32 and 64-bit floats, A-law, mu-law and mono IMA
 * ADPCM, any number of channels, any rate, in RIFF, RIFX (big-endian), RF64 and extensible headers. Integers of b
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
export function decodeWav(bytes: Uint8Array, { source = 'the given bytes' }: { source?: string } = {}): Wav {
  const { container, dataStart, dataLength } = wavLayout(bytes, source);
  const wav = new wavefile.WaveFile();
  try {
    // Up to the end of the data: what follows is text and cue points, which we do not need.
    wav.fromBuffer(bytes.subarray(0, dataStart + dataLength));
  } catch (cause) {
    throw new CrossmodalError(`readWav: ${source} has a damaged header: ${(cause as Error).message}`, {
      remedy: 'convert the file again, for example with ffmpeg',
      cause,
    });
  }
  // A copy: decompressing clears the parser's own.
  const format = { ...(wav.fmt as FormatChunk) };
  const code = format.audioFormat === extensible ? (format.subformat[0] ?? 1) & 0xffff : format.audioFormat;
  const { numChannels, sampleRate } = format;
  if (!(numChannels > 0 && sampleRate > 0)) {
    throw new CrossmodalError(`readWav: ${source} says ${numChannels} channels at ${sampleRate} Hz`, {
      remedy: 'its header is damaged: convert the file again',
    });
  }
  const littleEndian = container !== 'RIFX';
  const data = bytes.subarray(dataStart, dataStart + dataLength);
  const channels =
    code === 1 || code === 3
      ? samplesOfBytes(data, {
          bits: storedBits(format, code, source),
          encoding: code === 3 ? 'float' : 'integer',
          channels: numChannels,
          littleEndian,
        })
      : decompress(wav, code, format, source);
  if (channels[0]!.length === 0) {
    throw new CrossmodalError(`readWav: ${source} holds no samples`, { remedy: 'record it again, or leave it out' });
  }
  return {
    channels,
    samples: channels.length === 1 ? channels[0]! : monoMix(channels),
    sampleRate,
    bitDepth: format.bitsPerSample,
    encoding: code === 3 ? 'float' : code === 1 ? 'integer' : 'compressed',
  };
}

function storedBits(format: FormatChunk, code: number, source: string): number {
  const bits = Math.ceil(format.bitsPerSample / 8) * 8;
  const known = code === 3 ? [32, 64] : [8, 16, 24, 32];
  if (!known.includes(bits)) {
    throw new CrossmodalError(
      `readWav: ${source} stores ${format.bitsPerSample}-bit ${code === 3 ? 'floats' : 'integers'}; known are ${known.join(', ')}`,
      { remedy: 'convert the file with `ffmpeg -i input -c:a pcm_s16le output.wav`' },
    );
  }
  return bits;
}

function decompress(wav: wavefile.WaveFile, code: number, format: FormatChunk, source: string): Float32Array[] {
  let frames = Number.POSITIVE_INFINITY;
  if (code === 6) wav.fromALaw();
  else if (code === 7) wav.fromMuLaw();
  else if (code === 17 && format.numChannels === 1) frames = decodeAdpcm(wav, format.blockAlign);
  else {
    const what = code === 17 ? `IMA ADPCM with ${format.numChannels} channels` : `format code ${code}`;
    throw new CrossmodalError(
      `readWav: ${source} is encoded as ${what}; known are PCM, float, A-law, mu-law and mono IMA ADPCM`,
      { remedy: 'convert the file with `ffmpeg -i input -c:a pcm_s16le output.wav`' },
    );
  }
  const { samples } = wav.data as { samples: Uint8Array };
  const littleEndian = wav.container !== 'RIFX';
  const channels = samplesOfBytes(samples, {
    bits: 16,
    encoding: 'integer',
    channels: format.numChannels,
    littleEndian,
  });
  return channels.map((channel) => channel.slice(0, frames));
}

/** Decodes in place; returns how many samples there are. A block of b bytes holds 1 + 2 (b - 4) samples. */
function decodeAdpcm(wav: wavefile.WaveFile, blockAlign: number): number {
  const data = wav.data as { samples: Uint8Array };
  const announced = (wav.fact as { dwSampleLength: number }).dwSampleLength;
  const blocks = Math.ceil(data.samples.length / blockAlign);
  // wavefile decodes a block when it meets the first byte of the next: one byte more makes it decode the last.
  const padded = new Uint8Array(blocks * blockAlign + 1);
  padded.set(data.samples);
  data.samples = padded;
  wav.fromIMAADPCM();
  const held = blocks * (1 + 2 * (blockAlign - 4));
  return announced > 0 ? Math.min(announced, held) : held;
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

/** `readWav` for threads that have nothing else to do meanwhile: five times as fast for a small file. */
export function readWavSync(path: string): Wav {
  return decodeWav(bytesOf(path), { source: path });
}

function bytesOf(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    return unreadable(path, cause as NodeJS.ErrnoException);
  }
}

function unreadable(path: string, cause: NodeJS.ErrnoException): never {
  const { code } = cause;
  const what = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
  throw new CrossmodalError(`readWav: ${path} ${what}`, {
    remedy: 'check the path; it is relative to the working directory',
    cause,
  });
}
