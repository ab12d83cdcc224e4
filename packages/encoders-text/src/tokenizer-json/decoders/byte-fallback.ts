import { strictTextOfUtf8 } from '../unicode/bytes.js';
import type { Decoder } from './decoder.js';

/** A byte as a token; the Rust library's parser of numbers takes a plus sign, too. */
const byteToken = /^<0x(\+[0-9A-Fa-f]|[0-9A-Fa-f]{2})>$/;

/** Runs of byte tokens become the text that they are in UTF-8, or as many U+FFFD. */
export const byteFallbackDecoder: Decoder = (tokens) => {
  const result: string[] = [];
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    const text = strictTextOfUtf8(Uint8Array.from(bytes));
    if (text !== undefined) result.push(text);
    else for (const _ of bytes) result.push('\ufffd');
    bytes = [];
  };
  for (const token of tokens) {
    const match = byteToken.exec(token);
    if (match) {
      bytes.push(Number.parseInt(match[1]!, 16));
      continue;
    }
    flush();
    result.push(token);
  }
  flush();
  return result;
};
