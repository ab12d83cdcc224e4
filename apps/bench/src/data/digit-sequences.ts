import { Random } from '@crossmodal/core';
import type { Waveform } from '@crossmodal/encoders-audio';
import type { SpokenDigit } from './spoken-digits.js';

/** Recordings of digits by one speaker, one after the other. */
export interface DigitSequence {
  waveform: Waveform;
  /** `seven two two`. */
  text: string;
}

export const digitNames = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

/** Longest pause between two digits, and shortest, in seconds. */
const pauses = [0.02, 0.12] as const;

/**
 * Sequences of recordings of one speaker each, with pauses of other lengths between them.
 *
 * @param options.seconds sequences are ended before they would be longer
 */
export function digitSequences(
  recordings: readonly SpokenDigit[],
  {
    count,
    shortest,
    longest,
    seconds,
    seed,
  }: { count: number; shortest: number; longest: number; seconds: number; seed: number | string },
): DigitSequence[] {
  const random = new Random(seed);
  const bySpeaker = new Map<string, SpokenDigit[]>();
  for (const one of recordings) bySpeaker.set(one.speaker, [...(bySpeaker.get(one.speaker) ?? []), one]);
  const speakers = [...bySpeaker.keys()].sort();
  return Array.from({ length: count }, () => {
    const own = bySpeaker.get(speakers[random.integer(speakers.length)]!)!;
    const { sampleRate } = own[0]!.waveform;
    const wanted = shortest + random.integer(longest - shortest + 1);
    const parts: Float32Array[] = [];
    const digits: number[] = [];
    let length = 0;
    while (digits.length < wanted) {
      const { waveform, digit } = own[random.integer(own.length)]!;
      const pause = Math.round(sampleRate * (pauses[0] + (pauses[1] - pauses[0]) * random.uniform()));
      if (length + pause + waveform.samples.length > seconds * sampleRate) {
        if (digits.length > 0) break;
        continue; // too long even alone: another one
      }
      const part = new Float32Array(pause + waveform.samples.length);
      part.set(waveform.samples, pause);
      parts.push(part);
      digits.push(digit);
      length += part.length;
    }
    const samples = new Float32Array(length);
    let at = 0;
    for (const part of parts) {
      samples.set(part, at);
      at += part.length;
    }
    return { waveform: { samples, sampleRate }, text: digits.map((digit) => digitNames[digit]).join(' ') };
  });
}
