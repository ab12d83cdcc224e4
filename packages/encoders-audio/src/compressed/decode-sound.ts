import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { decodeWav, unreadable } from '../wav/read-wav.js';
import type { Waveform } from '../waveform.js';
import { decodeCompressed } from './decode-compressed.js';
import { soundKind } from './sound-kind.js';

/**
 * Decodes a recording to the mean of its channels: wav as `decodeWav`, mp3, flac, Ogg with Vorbis or Opus, m4a. What it is
 * is seen from its bytes, whatever its name.
 *
 * @param bytes the whole file
 * @param options.source name used in error messages
 * @returns amplitudes, [time], and their rate
 * @throws CrossmodalError when the bytes are of another kind, damaged, cut short, or stand for more than 2^27 samples
 * @example
 * const { samples, sampleRate } = await decodeSound(await readFile('hello.mp3'));
 */
export async function decodeSound(
  bytes: Uint8Array,
  {
    source = 'the given bytes',
    ...others
  }: {
    /** @default 'the given bytes' */
    source?: string;
  } = {},
): Promise<Waveform> {
  assertKnownOptions('decodeSound', others, ['source']);

  const kind = soundKind(bytes);
  // What is of no kind is refused as a wav file, which says what it begins with.
  if (kind === 'wav' || kind === undefined) return kindless(bytes, source, kind === undefined);
  return decodeCompressed(bytes, kind, { source });
}

function kindless(bytes: Uint8Array, source: string, unknown: boolean): Waveform {
  try {
    return decodeWav(bytes, { source });
  } catch (error) {
    if (!unknown || bytes.length === 0 || !CrossmodalError.isInstance(error)) throw error;
    throw new CrossmodalError(
      `decodeSound: ${source} is no recording of a known kind: wav, mp3, flac, ogg, opus, m4a`,
      {
        remedy: 'convert it with `ffmpeg -i input output.flac`',
        cause: error,
      },
    );
  }
}

/**
 * Reads and decodes a recording; see `decodeSound` for the kinds.
 *
 * @throws CrossmodalError naming the file when it does not exist or cannot be decoded
 * @example
 * const { samples, sampleRate } = await readSound('recordings/hello.m4a');
 */
export async function readSound(path: string): Promise<Waveform> {
  const bytes = await readFile(path).catch((cause) => unreadable(path, cause));
  return decodeSound(bytes, { source: path });
}

/** The same for threads that have nothing else to do meanwhile: a small file is read five times as fast. */
export async function readSoundInThread(path: string): Promise<Waveform> {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (cause) {
    return unreadable(path, cause as NodeJS.ErrnoException);
  }
  return decodeSound(bytes, { source: path });
}
