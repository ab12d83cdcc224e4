import type { Fields } from '../fields.js';
import { bertPreTokenizer } from './bert.js';
import { byteLevelPreTokenizer } from './byte-level.js';
import { fixedLengthPreTokenizer } from './fixed-length.js';
import { metaspacePreTokenizer } from './metaspace.js';
import type { PreTokenizer } from './pre-tokenizer.js';
import * as splits from './splits.js';
import { unicodeScriptsPreTokenizer } from './unicode-scripts.js';

const kinds: Record<string, (fields: Fields) => PreTokenizer> = {
  BertPreTokenizer: () => bertPreTokenizer,
  ByteLevel: byteLevelPreTokenizer,
  CharDelimiterSplit: splits.charDelimiterPreTokenizer,
  Digits: splits.digitsPreTokenizer,
  FixedLength: fixedLengthPreTokenizer,
  Metaspace: metaspacePreTokenizer,
  Punctuation: splits.punctuationPreTokenizer,
  Sequence: (fields) => {
    const parts = fields.children('pretokenizers').map(readPreTokenizer);
    return (pieces) => parts.reduce((result, part) => part(result), [...pieces]);
  },
  Split: splits.splitPreTokenizer,
  UnicodeScripts: () => unicodeScriptsPreTokenizer,
  Whitespace: () => splits.whitespacePreTokenizer,
  WhitespaceSplit: () => splits.whitespaceSplitPreTokenizer,
};

/** The pre-tokeniser of a tokenizer.json. @throws CrossmodalError naming an unknown type or a wrong field */
export function readPreTokenizer(fields: Fields): PreTokenizer {
  return fields.choose(kinds);
}
