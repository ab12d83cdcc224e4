/** How byte-level tokenisers write bytes: printable Latin-1 characters stand for themselves, others from U+0100 on. */
const characters: readonly string[] = (() => {
  const list: string[] = [];
  let next = 0x100;
  for (let byte = 0; byte < 256; byte++) {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    list.push(String.fromCharCode(printable ? byte : next++));
  }
  return list;
})();
const bytes = new Map(characters.map((character, byte) => [character.charCodeAt(0), byte]));
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Each byte of the text's UTF-8 as one character. */
export function bytesAsCharacters(text: string): string {
  let result = '';
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) {
      for (const byte of encoder.encode(text.slice(i))) result += characters[byte];
      return result;
    }
    result += characters[unit];
  }
  return result;
}

/** The bytes that the characters stand for, or undefined when one stands for none. */
export function charactersAsBytes(text: string): number[] | undefined {
  const result: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const byte = bytes.get(text.charCodeAt(i));
    if (byte === undefined) return undefined;
    result.push(byte);
  }
  return result;
}

export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** The text of UTF-8 bytes, U+FFFD for what is none. */
export const textOfUtf8 = (data: Uint8Array): string => decoder.decode(data);

/** The text of UTF-8 bytes, or undefined when they are none. */
export function strictTextOfUtf8(data: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(data);
  } catch {
    return undefined;
  }
}
