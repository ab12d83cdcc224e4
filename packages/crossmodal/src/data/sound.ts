import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { type AudioItem, decodeWav, loadWaveform, monoMix, type Waveform } from '@crossmodal/encoders-audio';
import { isCompressedSound } from './files.js';

interface Decoded {
  channelData: Float32Array[];
  samplesDecoded: number;
  sampleRate: number;
  errors?: { message: string }[];
}

interface SoundDecoder {
  readonly ready: Promise<void>;
  decode?(data: Uint8Array): Decoded | Promise<Decoded>;
  decodeFile?(data: Uint8Array): Promise<Decoded>;
  free(): void;
}

/** Which decoder a file needs, by its first bytes. */
async function decoderFor(bytes: Uint8Array): Promise<SoundDecoder | undefined> {
  const begins = (text: string) => [...text].every((letter, i) => bytes[i] === letter.charCodeAt(0));
  if (begins('fLaC')) return new (await import('@wasm-audio-decoders/flac')).FLACDecoder() as unknown as SoundDecoder;
  if (begins('OggS'))
    return new (await import('@wasm-audio-decoders/ogg-vorbis')).OggVorbisDecoder() as unknown as SoundDecoder;
  const frame = bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xe0) === 0xe0;
  if (begins('ID3') || frame) return new (await import('mpg123-decoder')).MPEGDecoder() as unknown as SoundDecoder;
  return undefined;
}

/**
 * The bytes of a recording as samples, the mean of its channels: wav, MP3, FLAC or Ogg Vorbis, told apart by their first bytes.
 *
 * @param label for messages
 * @throws CrossmodalError when it is of another kind, or is damaged
 */
export async function decodeSound(
  bytes: Uint8Array,
  { label, sampleRate }: { label: string; sampleRate?: number | undefined },
): Promise<Waveform> {
  const rate = sampleRate === undefined ? {} : { sampleRate };
  const decoder = await decoderFor(bytes);
  try {
    if (!decoder) return await loadWaveform(decodeWav(bytes), rate);
    await decoder.ready;
    const decoded = (await (decoder.decodeFile ? decoder.decodeFile(bytes) : decoder.decode?.(bytes))) as Decoded;
    if (!(decoded.samplesDecoded > 0)) throw new Error(decoded.errors?.[0]?.message ?? 'it holds no samples');
    const samples = monoMix(decoded.channelData);
    return await loadWaveform({ samples, sampleRate: decoded.sampleRate }, rate);
  } catch (cause) {
    if (CrossmodalError.isInstance(cause) && cause.message.includes(label)) throw cause;
    throw new CrossmodalError(`${label}: is not a recording that can be read (${(cause as Error).message})`, {
      remedy: 'wav, MP3, FLAC and Ogg Vorbis are read',
      cause,
    });
  } finally {
    decoder?.free();
  }
}

/** What an audio encoder takes for a file: its path when it is a wav file, else its samples. */
export async function audioItem(
  path: string,
  { sampleRate }: { sampleRate?: number | undefined } = {},
): Promise<AudioItem> {
  if (!isCompressedSound(path) && extname(path) !== '') return path;
  return decodeSound(await readFile(path), { label: path, sampleRate });
}
