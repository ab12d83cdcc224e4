import { repeatedKey } from '../../repeated-key.js';

/**
 * JSON whose whole numbers beyond 2^53 become texts, digit for digit: as numbers they would be rounded, and identifiers of 64 bits would
 * merge. Everything else as in `JSON.parse`.
 *
 * @example
 * parseJson('{"id": 1234567890123456789}'); // { id: '1234567890123456789' }
 * @throws SyntaxError for what is no JSON, or an object with a key twice, of which `JSON.parse` takes the last without a word
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  const twice = repeatedKey(text);
  if (twice !== undefined) throw new SyntaxError(`it has the key ${JSON.stringify(twice)} twice`);
  if (!/\d{16}/.test(text)) return value;
  const kept = text.replace(stringOrNumber, (token) => {
    const digits = wholeNumber.exec(token)?.[1];
    return digits !== undefined && !Number.isSafeInteger(Number(digits)) ? `"${digits}"` : token;
  });
  return kept === text ? value : JSON.parse(kept);
}

/** Digits, also with a point and zeros behind them: what other programs write for whole numbers of a column of floats. */
const wholeNumber = /^(-?\d+)(?:\.0*)?$/;

/** Strings are matched so that digits inside of them are left alone. */
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
