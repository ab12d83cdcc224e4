import type { Normalizer } from './normalizer.js';

/** Each character on its own: a sigma at the end of a word is like any other. */
export const lowercaseNormalizer: Normalizer = {
  apply: (text) => {
    const lower = text.toLowerCase();
    return text.includes('\u03a3') ? [...text].map((character) => character.toLowerCase()).join('') : lower;
  },
};
