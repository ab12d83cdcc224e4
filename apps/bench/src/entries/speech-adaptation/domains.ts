import type { Encoder } from '@crossmodal/core';
import type { AudioItem } from '@crossmodal/encoders-audio';
import type { Utterance, Voice } from '../../data/speech.js';
import type { SpokenDigit } from '../../data/spoken-digits.js';
import { type Domain, type LabelledSet, subset } from '../domain-adaptation/labelled-set.js';
import { readRecordings, recordingInputs } from '../speech/recordings.js';

/** A recording and the digit that is said in it. */
export interface Said {
  sound: AudioItem;
  digit: number;
}

/** Recordings and their spectrograms, row by row. */
export interface Recorded {
  recordings: readonly SpokenDigit[];
  sounds: LabelledSet;
}

/** Digits in words. */
export const digitNames = ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'] as const;

const accents = ['en-us', 'en-gb', 'en-gb-scotland', 'en-gb-x-rp', 'en-029', 'en-us-nyc'];
const timbres = ['', '+f1', '+f3', '+m2', '+m5', '+Annie', '+david', '+linda'];

/** Voices of the synthesiser: accents, timbres and pitches of English. */
export function voices(count: number): Voice[] {
  const all = timbres.flatMap((timbre, i) =>
    accents.map((accent, k) => ({ variant: `${accent}${timbre}`, pitch: 35 + 10 * ((i + k) % 4) })),
  );
  return all.filter(
    (_, place) => Math.floor((place * count) / all.length) !== Math.floor(((place - 1) * count) / all.length),
  );
}

/** Every digit in every voice. */
export const spokenBy = (list: readonly Voice[]): Utterance[] =>
  list.flatMap((voice) => digitNames.map((text, digit) => ({ id: `digit-${digit}`, text, voice })));

/** Spectrograms of recordings, computed once; in training moved in time by up to a sixth, and partly blotted out. */
export async function soundSet(encoder: Encoder<AudioItem>, said: readonly Said[]): Promise<LabelledSet> {
  const recordings = await readRecordings(
    encoder,
    said.map(({ sound }) => sound),
  );
  return {
    count: recordings.count,
    labels: said.map(({ digit }) => digit),
    inputs: (rows, random) => recordingInputs(recordings, rows, random, { shift: Math.floor(recordings.frames / 6) }),
  };
}

/** Recordings of some speakers, as a domain: what is not for tests is for training. */
export function speakerDomain(
  name: string,
  { recordings, sounds }: Recorded,
  {
    belongs = () => true,
    isTest,
  }: { belongs?: (recording: SpokenDigit) => boolean; isTest: (recording: SpokenDigit) => boolean },
): Domain {
  const rows = [...recordings.keys()].filter((row) => belongs(recordings[row]!));
  return {
    name,
    train: subset(
      sounds,
      rows.filter((row) => !isTest(recordings[row]!)),
    ),
    test: subset(
      sounds,
      rows.filter((row) => isTest(recordings[row]!)),
    ),
  };
}
