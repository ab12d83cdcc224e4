import { bytesAsCharacters } from '../unicode/bytes.js';
import { filterCodePoints } from '../unicode/code-points.js';
import { normalForm } from '../unicode/normalization-forms.js';
import { isCombiningMark } from '../unicode/properties.js';
import type { Normalizer } from './normalizer.js';

const form = (name: 'NFC' | 'NFD' | 'NFKC' | 'NFKD'): Normalizer => ({ apply: (text) => normalForm(text, name) });

export const nfc = form('NFC');
export const nfd = form('NFD');
export const nfkc = form('NFKC');
export const nfkd = form('NFKD');

/** Combining marks go. */
export const stripAccents: Normalizer = { apply: (text) => filterCodePoints(text, (c) => !isCombiningMark(c)) };

/** Each byte of the UTF-8 becomes a character. */
export const byteLevel: Normalizer = { apply: bytesAsCharacters };

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what the rule is about
const nmtGone = /[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]/g;
const nmtBlank = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/g;

/** The cleaning of NMT models: control characters go, unusual white space becomes blanks. */
export const nmt: Normalizer = { apply: (text) => text.replace(nmtGone, '').replace(nmtBlank, ' ') };

/** Puts a text before each text that is not empty. */
export function prepend(prefix: string): Normalizer {
  return {
    apply: (text) => (text === '' ? '' : prefix + text),
    opening: (_text, opening) => prefix.length + opening,
  };
}
