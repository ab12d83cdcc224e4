import type { Emoji } from '../../data/openmoji.js';
import type { Utterance, Voice } from '../../data/speech.js';

/** Voices of training: accents of English and timbres from 85 to 250 Hz. */
const trainingVoices: readonly Voice[] = [
  { variant: 'en-us', pitch: 50 },
  { variant: 'en-us+Annie', pitch: 50 },
  { variant: 'en-gb+linda', pitch: 60 },
  { variant: 'en-gb-scotland', pitch: 45 },
  { variant: 'en-us+david', pitch: 50 },
  { variant: 'en-gb-x-rp+aunty', pitch: 50 },
];

/** The voice that is never trained on: an accent and a timbre of its own. */
const heldOutVoice: Voice = { variant: 'en-us-nyc+f1', pitch: 50 };

/** Each name spoken by some of the training voices, others for each name. */
export function trainingUtterances(emojis: readonly Emoji[], perName: number): Utterance[] {
  return emojis.flatMap((emoji, index) =>
    Array.from({ length: perName }, (_, turn) => {
      const voice = trainingVoices[(index * perName + turn) % trainingVoices.length]!;
      return { id: emoji.hexcode, text: emoji.annotation, voice };
    }),
  );
}

/** Each name spoken by the voice that was held out. */
export function heldOutUtterances(emojis: readonly Emoji[]): Utterance[] {
  return emojis.map(({ hexcode, annotation }) => ({ id: hexcode, text: annotation, voice: heldOutVoice }));
}
