import { CrossmodalError } from '@crossmodal/core';
import { MAXIMUM_RATE, monoMix, type Waveform } from '../waveform.js';
import { announcedLength, type SoundKind } from './sound-kind.js';

/** Samples of one channel that are held: 47 minutes at 48 kHz, half a gigabyte. */
const sampleLimit = 2 ** 27;

/** Bytes that are decoded at a time: a few can stand for minutes of silence. An mp4 is looked through anew with each. */
const pieceSizes: Readonly<Record<Exclude<SoundKind, 'wav'>, number>> = {
  ...{ mp3: 4096, flac: 4096, oga: 4096, opus: 4096 },
  m4a: 2 ** 18,
};

/**
 * Decodes a compressed recording piece by piece to the mean of its channels, so that memory is bounded by its length and not
 * by its channels, and a small file that stands for hours is refused.
 *
 * @throws CrossmodalError when it cannot be decoded, ends early, or is longer than memory allows
 */
export async function decodeCompressed(
  bytes: Uint8Array,
  kind: Exclude<SoundKind, 'wav'>,
  { source, limit = sampleLimit }: { source: string; limit?: number },
): Promise<Waveform> {
  const refuse = (problem: string, remedy: string, cause?: unknown) =>
    new CrossmodalError(`decodeSound: ${source} ${problem}`, { remedy, cause });
  const { default: decode } = await import('audio-decode');
  const parts: Float32Array[] = [];
  let length = 0;
  let sampleRate = 0;
  const take = (piece: { channelData: readonly Float32Array[]; sampleRate: number }) => {
    if (!piece.channelData[0]?.length) return;
    if (sampleRate !== 0 && piece.sampleRate !== sampleRate) {
      throw refuse(`changes its rate from ${sampleRate} to ${piece.sampleRate} hertz`, 'split it there');
    }
    sampleRate = piece.sampleRate;
    const mono = piece.channelData.length === 1 ? piece.channelData[0] : monoMix(piece.channelData);
    length += mono.length;
    if (length > limit) {
      throw refuse(`has more than the ${limit} samples that are decoded at once`, 'cut it into shorter parts');
    }
    parts.push(mono);
  };
  try {
    const decoder = await decode[kind]();
    try {
      const size = pieceSizes[kind];
      for (let at = 0; at < bytes.length; at += size) take(await decoder(bytes.subarray(at, at + size)));
      take(await decoder());
    } finally {
      decoder.free();
    }
  } catch (cause) {
    if (CrossmodalError.isInstance(cause)) throw cause;
    throw refuse(
      `cannot be decoded as ${kind}: ${(cause as Error).message}`,
      'it is damaged: copy or convert it again',
      cause,
    );
  }
  const { samples, endMissing } = announcedLength(bytes, kind);
  if (length === 0) throw refuse('holds no samples', 'it may be cut short: copy it again, or leave it out');
  if (endMissing || (samples !== undefined && length < samples)) {
    const found = samples === undefined || endMissing ? `${length}` : `${length} of ${samples}`;
    throw refuse(`ends early: ${found} samples were found`, 'it is cut short or damaged: copy it again');
  }
  if (!(Number.isInteger(sampleRate) && sampleRate > 0 && sampleRate <= MAXIMUM_RATE)) {
    throw refuse(`says a rate of ${sampleRate} hertz`, 'it is damaged: copy or convert it again');
  }
  const all = new Float32Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return { samples: all, sampleRate };
}
