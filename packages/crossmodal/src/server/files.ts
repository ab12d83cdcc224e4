import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';

/** Types of what is sent, all pictures and recordings that can be indexed; other files are not. */
export const types: Readonly<Record<string, string>> = {
  '.avif': 'image/avif',
  '.flac': 'audio/flac',
  '.gif': 'image/gif',
  '.jfif': 'image/jpeg',
  '.jif': 'image/jpeg',
  '.jpe': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.jpg': 'image/jpeg',
  '.m4a': 'audio/mp4',
  '.mp3': 'audio/mpeg',
  '.oga': 'audio/ogg',
  '.ogg': 'audio/ogg',
  '.opus': 'audio/ogg',
  '.pjpeg': 'image/jpeg',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.tif': 'image/tiff',
  '.tiff': 'image/tiff',
  '.wav': 'audio/wav',
  '.wave': 'audio/wav',
  '.webp': 'image/webp',
};

/**
 * A file as an answer, whole or the part that `range` asks for; undefined for a kind that is not sent.
 *
 * @param options.head whether only the headers are asked for: the file is then not opened, for nobody would read and close it
 */
export async function fileResponse(
  path: string,
  range: string | undefined,
  { head = false }: { head?: boolean } = {},
): Promise<Response | undefined> {
  const type = types[extname(path).toLowerCase()];
  const facts = await stat(path).catch(() => undefined);
  if (type === undefined || !facts?.isFile()) return undefined;
  const { size } = facts;
  const headers = {
    'content-type': type,
    'accept-ranges': 'bytes',
    'cache-control': 'private, max-age=3600',
    // A picture can hold scripts (SVG): none may run.
    'content-security-policy':
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; sandbox",
  };
  const found = /^bytes=(\d*)-(\d*)$/.exec(range ?? '');
  if (!found || (found[1] === '' && found[2] === '') || size === 0) {
    return new Response(head ? null : body(path, 0, size - 1, size), {
      headers: { ...headers, 'content-length': String(size) },
    });
  }
  const first = found[1] === '' ? Math.max(0, size - Number(found[2])) : Number(found[1]);
  const last = found[1] === '' || found[2] === '' ? size - 1 : Math.min(size - 1, Number(found[2]));
  if (first > last) return new Response(null, { status: 416, headers: { 'content-range': `bytes */${size}` } });
  return new Response(head ? null : body(path, first, last, size), {
    status: 206,
    headers: {
      ...headers,
      'content-length': String(last - first + 1),
      'content-range': `bytes ${first}-${last}/${size}`,
    },
  });
}

function body(path: string, start: number, end: number, size: number): ReadableStream | null {
  return size === 0 ? null : (Readable.toWeb(createReadStream(path, { start, end })) as ReadableStream);
}

const side = 320;
const held = 2000;

/** Small pictures, made once and held while there is room. */
export class Previews {
  readonly #previews = new Map<string, Promise<Buffer>>();

  /** @returns undefined for what is no picture */
  async of(path: string): Promise<Buffer | undefined> {
    if (!types[extname(path).toLowerCase()]?.startsWith('image/')) return undefined;
    const facts = await stat(path).catch(() => undefined);
    if (!facts) return undefined;
    const key = `${path}\0${facts.mtimeMs}\0${facts.size}`; // a file may change under its name
    let preview = this.#previews.get(key);
    if (!preview) {
      preview = sharp(path)
        .rotate()
        .resize(side, side, { fit: 'inside', withoutEnlargement: true })
        .webp({ quality: 80 })
        .toBuffer();
      this.#previews.set(key, preview);
      if (this.#previews.size > held) this.#previews.delete(this.#previews.keys().next().value as string);
    }
    return preview.catch(() => {
      this.#previews.delete(key);
      return undefined;
    });
  }
}
