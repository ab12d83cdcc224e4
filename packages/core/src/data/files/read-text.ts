import { createReadStream } from 'node:fs';
import { fileError, readingError } from './file-error.js';

/**
 * The text of a UTF-8 file piece by piece, without its byte order mark.
 *
 * @throws CrossmodalError when the file cannot be read, is not UTF-8, or holds zero bytes (then it is no text).
 */
export async function* readText(where: string, path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const stream = createReadStream(path);
  const decode = (bytes?: Uint8Array) => {
    let text: string;
    try {
      text = decoder.decode(bytes, { stream: bytes !== undefined });
    } catch (error) {
      throw fileError(where, path, 'is not UTF-8 text', 'save it as UTF-8', error);
    }
    if (text.includes('\0'))
      throw fileError(where, path, 'holds zero bytes, so it is not a text file', 'check the path');
    return text;
  };
  try {
    for await (const bytes of stream) yield decode(bytes as Uint8Array);
    yield decode();
  } catch (error) {
    throw readingError(where, path, error);
  } finally {
    stream.destroy();
  }
}

/** Of Unix, Windows, and of old Macintosh programs. */
export const lineEnd = /\r\n|\n|\r/;

/** Lines with their numbers (from 1), however the lines end. @throws CrossmodalError when one is longer than `maximum` characters. */
export async function* readLines(where: string, path: string, maximum: number): AsyncGenerator<[string, number]> {
  let rest = '';
  let number = 0;
  const checked = (line: string): [string, number] => {
    number++;
    if (line.length > maximum) {
      throw fileError(
        where,
        `${path}, line ${number}`,
        `has more than ${maximum} characters`,
        'raise maximumRow if this is right',
      );
    }
    return [line, number];
  };
  for await (const text of readText(where, path)) {
    // The end of a line may be cut between its two characters, so the last one waits for what follows.
    const all = rest + text;
    const whole = all.endsWith('\r') ? all.length - 1 : all.length;
    const lines = all.slice(0, whole).split(lineEnd);
    rest = (lines.pop() as string) + all.slice(whole);
    for (const line of lines) yield checked(line);
    if (rest.length > maximum) checked(rest);
  }
  if (rest !== '') yield checked(rest.replace(/\r$/, ''));
}

/** A whole text file. @throws CrossmodalError like `readText`, and when it has more than `maximum` characters. */
export async function readWholeText(where: string, path: string, maximum = 64 * 1024 * 1024): Promise<string> {
  const parts: string[] = [];
  let length = 0;
  for await (const text of readText(where, path)) {
    length += text.length;
    if (length > maximum) throw fileError(where, path, `has more than ${maximum} characters`);
    parts.push(text);
  }
  return parts.join('');
}
