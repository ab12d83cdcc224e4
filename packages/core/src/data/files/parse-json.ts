/**
 * JSON whose whole numbers beyond 2^53 become texts, digit for digit: as numbers they would be rounded, and identifiers of 64 bits would
 * merge. Everything else as in `JSON.parse`.
 *
 * @throws SyntaxError for what is no JSON
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!/\d{16}/.test(text)) return value;
  const kept = text.replace(stringOrNumber, (token) =>
    /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token,
  );
  return kept === text ? value : JSON.parse(kept);
}

/** Strings are matched so that digits inside of them are left alone. */
const stringOrNumber = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g;
