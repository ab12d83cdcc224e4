import type { Fields } from '../fields.js';
import { strictTextOfUtf8, textOfUtf8, utf8 } from '../unicode/bytes.js';
import { unitsAt } from '../unicode/code-points.js';
import type { Normalizer } from './normalizer.js';

/**
 * The map of SentencePiece: a double array trie (darts-clone) from byte strings to places in a text of replacements that
 * end with NUL. A cluster of up to five bytes is looked up as a whole, then each of its characters.
 *
 * @see https://github.com/google/sentencepiece/blob/master/src/normalizer.cc
 */
export function precompiledNormalizer(fields: Fields): Normalizer {
  const data = decodeBase64(fields);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const size = data.length >= 4 ? view.getUint32(0, true) : -1;
  if (size < 0 || size % 4 !== 0 || size > data.length - 4) {
    throw fields.error('.precompiled_charsmap does not hold a trie of the length that it says');
  }
  const trie = new Uint32Array(size / 4);
  for (let i = 0; i < trie.length; i++) trie[i] = view.getUint32(4 + 4 * i, true);
  const replacements = data.subarray(4 + size);
  if (strictTextOfUtf8(replacements) === undefined)
    throw fields.error('.precompiled_charsmap holds bytes that are no UTF-8');

  const known = new Map<string, string | undefined>();
  const lookUp = (text: string): string | undefined => {
    if (known.has(text)) return known.get(text);
    const offset = firstPrefix(trie, utf8(text));
    let result: string | undefined;
    if (offset !== undefined && offset < replacements.length) {
      const end = replacements.indexOf(0, offset);
      result = textOfUtf8(replacements.subarray(offset, end < 0 ? replacements.length : end));
    }
    if (known.size < 10_000) known.set(text, result);
    return result;
  };

  /** Stretches of the text and what they become. */
  const changes = (text: string): [string, string][] => {
    const list: [string, string][] = [];
    for (const cluster of clusters(text)) {
      const whole = utf8Length(cluster) < 6 ? lookUp(cluster) : undefined;
      if (whole !== undefined) list.push([cluster, whole]);
      else for (const character of cluster) list.push([character, lookUp(character) ?? character]);
    }
    return list;
  };
  return {
    apply: (text) => {
      let result = '';
      for (const [, changed] of changes(text)) result += changed;
      return result;
    },
    opening(text, opening) {
      // New characters are laid on the old ones one by one; where there are fewer, the last new one takes the rest.
      let oldUnits = 0;
      let count = 0;
      let spare = 0; // characters at the front that became nothing: later ones move up
      for (const [old, changed] of changes(text)) {
        if (changed === '' && count === 0) {
          spare += old.length;
          continue;
        }
        if (oldUnits >= opening) break;
        count += changed.length;
        oldUnits += old.length;
      }
      return spare > 0 && count === 0 ? 0 : count;
    },
  };
}

function decodeBase64(fields: Fields): Uint8Array {
  const text = fields.string('precompiled_charsmap');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) {
    throw fields.error('.precompiled_charsmap is not base64');
  }
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The value of the shortest key that the bytes begin with. */
function firstPrefix(trie: Uint32Array, key: Uint8Array): number | undefined {
  const offsetOf = (unit: number) => (unit >>> 10) << ((unit & 0x200) >>> 6);
  let node = 0;
  let unit = trie[node];
  if (unit === undefined) return undefined;
  node ^= offsetOf(unit);
  for (const byte of key) {
    if (byte === 0) return undefined;
    node ^= byte;
    unit = trie[node];
    if (unit === undefined || (unit & 0x800000ff) !== byte) return undefined;
    node ^= offsetOf(unit);
    if (((unit >>> 8) & 1) === 1) {
      const leaf = trie[node];
      return leaf === undefined ? undefined : leaf & 0x7fffffff;
    }
  }
  return undefined;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII without line ends
const singles = /^[\0-\x09\x0b\x0c\x0e-\x7f]*$/;
let segmenter: Intl.Segmenter | undefined;

/** Extended grapheme clusters. */
function clusters(text: string): Iterable<string> {
  if (singles.test(text)) return text;
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

function utf8Length(text: string): number {
  let length = 0;
  for (let i = 0; i < text.length; i += unitsAt(text, i)) {
    const codePoint = text.codePointAt(i)!;
    length += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }
  return length;
}
