import type { Fields } from '../fields.js';
import { byteFallbackDecoder } from './byte-fallback.js';
import type { Decoder } from './decoder.js';
import * as simple from './simple.js';
import { wordPieceDecoder } from './word-piece.js';

const kinds: Record<string, (fields: Fields) => Decoder> = {
  BPEDecoder: simple.bpeDecoder,
  ByteFallback: () => byteFallbackDecoder,
  ByteLevel: () => simple.byteLevelDecoder,
  CTC: simple.ctcDecoder,
  Fuse: () => simple.fuseDecoder,
  Metaspace: simple.metaspaceDecoder,
  Replace: simple.replaceDecoder,
  Sequence: (fields) => {
    const parts = fields.children('decoders').map(readDecoder);
    return (tokens) => parts.reduce((result, part) => part(result), [...tokens]);
  },
  Strip: simple.stripDecoder,
  WordPiece: wordPieceDecoder,
};

/** The decoder of a tokenizer.json. @throws CrossmodalError naming an unknown type or a wrong field */
export function readDecoder(fields: Fields): Decoder {
  return fields.choose(kinds);
}
