import type { Fields } from '../fields.js';
import { bertNormalizer } from './bert.js';
import { lowercaseNormalizer } from './lowercase.js';
import type { Normalizer } from './normalizer.js';
import { precompiledNormalizer } from './precompiled.js';
import { replaceNormalizer } from './replace.js';
import { sequenceNormalizer } from './sequence.js';
import * as simple from './simple.js';
import { stripNormalizer } from './strip.js';

const kinds: Record<string, (fields: Fields) => Normalizer> = {
  BertNormalizer: bertNormalizer,
  ByteLevel: () => simple.byteLevel,
  Lowercase: () => lowercaseNormalizer,
  NFC: () => simple.nfc,
  NFD: () => simple.nfd,
  NFKC: () => simple.nfkc,
  NFKD: () => simple.nfkd,
  Nmt: () => simple.nmt,
  Precompiled: precompiledNormalizer,
  Prepend: (fields) => simple.prepend(fields.string('prepend')),
  Replace: replaceNormalizer,
  Sequence: (fields) => sequenceNormalizer(fields.children('normalizers').map(readNormalizer)),
  Strip: stripNormalizer,
  StripAccents: () => simple.stripAccents,
};

/** The normaliser of a tokenizer.json. @throws CrossmodalError naming an unknown type or a wrong field */
export function readNormalizer(fields: Fields): Normalizer {
  return fields.choose(kinds);
}
