import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { CrossmodalError } from '@crossmodal/core';
import { parseJson, type Row } from '@crossmodal/core/data';
import { pathKind } from './files.js';
import type { DataSource } from './source.js';
import { splitOfFile } from './table.js';

const empty = { label: undefined, domain: undefined, group: undefined, fields: {} };

/** Without the byte order mark that some programs put before the first. */
async function* linesOf(path: string, options: { end?: number } = {}): AsyncGenerator<string> {
  let isFirst = true;
  for await (const line of createInterface({
    input: createReadStream(path, options),
    crlfDelay: Number.POSITIVE_INFINITY,
  })) {
    yield isFirst ? line.replace(/^\uFEFF/, '') : line;
    isFirst = false;
  }
}

async function firstLine(path: string): Promise<string> {
  for await (const line of linesOf(path, { end: 2 ** 16 })) return line;
  return '';
}

/** The first of these folders that exists, beside the file or above it; else the file's own. */
async function mediaFolder(path: string, names: readonly string[]): Promise<string> {
  const folder = dirname(path);
  for (const parent of [folder, dirname(folder)]) {
    for (const name of names) if ((await pathKind(join(parent, name))) === 'folder') return join(parent, name);
  }
  return folder;
}

const flickrFolders = [
  'flickr30k-images',
  'flickr30k_images',
  'Flicker8k_Dataset',
  'Flickr8k_Dataset',
  'images',
  'Images',
];

/** Flickr8k's and Flickr30k's token file (`1.jpg#0<tab>caption`) and the CSV of Flickr30k (`image_name| comment_number| comment`). */
export async function flickrSource(path: string): Promise<DataSource | undefined> {
  const line = await firstLine(path);
  const token = /^[^\t]+\.(jpe?g|png)#\d+\t/i.test(line);
  const table = /^image_name\s*\|\s*comment_number\s*\|\s*comment\s*$/i.test(line);
  if (!token && !table) return undefined;
  const root = await mediaFolder(path, flickrFolders);
  const split = splitOfFile(path);
  async function* rows(): AsyncGenerator<Row> {
    let number = 0;
    for await (const line of linesOf(path)) {
      number++;
      if (line.trim() === '' || (table && number === 1)) continue;
      const found = token ? /^(.+?)#\d+\t(.*)$/.exec(line) : /^(.+?)\s*\|\s*\d+\s*\|?\s*(.*)$/.exec(line);
      const [, file, caption] = found ?? [];
      if (file === undefined || caption === undefined) {
        throw new CrossmodalError(
          `${path}, line ${number}: must be ${token ? 'FILE#NUMBER<tab>CAPTION' : 'FILE | NUMBER | CAPTION'}, got ${JSON.stringify(line.slice(0, 80))}`,
        );
      }
      const texts = caption.trim() === '' ? [] : [caption.trim()];
      yield {
        ...empty,
        origin: `${path}, line ${number}`,
        image: join(root, file.trim()),
        texts,
        text: texts[0],
        split,
      };
    }
  }
  return { kind: token ? 'Flickr token file' : 'Flickr30k CSV', description: `pictures in ${root}`, root, rows };
}

/** LJSpeech's `metadata.csv`: `id|text|normalised text`, recordings in `wavs/`. */
export async function ljSpeechSource(path: string): Promise<DataSource | undefined> {
  const [id, , normalised] = (await firstLine(path)).split('|');
  if (id === undefined || normalised === undefined) return undefined;
  const root = await mediaFolder(path, ['wavs']);
  if ((await pathKind(join(root, `${id}.wav`))) !== 'file') return undefined;
  async function* rows(): AsyncGenerator<Row> {
    let number = 0;
    for await (const line of linesOf(path)) {
      number++;
      if (line.trim() === '') continue;
      const [name, raw, spoken] = line.split('|');
      const text = (spoken || raw || '').trim();
      if (name === undefined || raw === undefined)
        throw new CrossmodalError(`${path}, line ${number}: must be ID|TEXT|NORMALISED TEXT`);
      const texts = text === '' ? [] : [text];
      yield {
        ...empty,
        origin: `${path}, line ${number}`,
        audio: join(root, `${name}.wav`),
        texts,
        text: texts[0],
        split: undefined,
      };
    }
  }
  return { kind: 'LJSpeech', description: `recordings in ${root}`, root, rows };
}

/** Common Voice's tables: `client_id path sentence ...`, recordings in `clips/`. Speakers are groups. */
export async function commonVoiceSource(path: string): Promise<DataSource | undefined> {
  const names = (await firstLine(path)).split('\t');
  const column = (name: string) => names.indexOf(name);
  if (column('client_id') < 0 || column('path') < 0 || column('sentence') < 0) return undefined;
  const root = await mediaFolder(path, ['clips']);
  const split = splitOfFile(path);
  async function* rows(): AsyncGenerator<Row> {
    let number = 0;
    for await (const line of linesOf(path)) {
      if (++number === 1 || line.trim() === '') continue;
      const fields = line.split('\t');
      const file = fields[column('path')] ?? '';
      const text = fields[column('sentence')]?.trim();
      if (file === '') throw new CrossmodalError(`${path}, line ${number}: has no path`);
      const audio = join(root, extname(file) === '' ? `${file}.mp3` : file);
      yield {
        ...empty,
        origin: `${path}, line ${number}`,
        audio,
        texts: text ? [text] : [],
        text: text || undefined,
        group: fields[column('client_id')],
        split,
      };
    }
  }
  return { kind: 'Common Voice', description: `recordings in ${root}, speakers as groups`, root, rows };
}

/** COCO's captions: a JSON object with `images` and `annotations` that have a caption. */
export async function cocoSource(path: string): Promise<DataSource | undefined> {
  let value: unknown;
  try {
    value = parseJson((await readFile(path, 'utf8')).replace(/^\uFEFF/, '')); // ids of 64 bits stay apart
  } catch (cause) {
    throw new CrossmodalError(`${path}: is not JSON (${(cause as Error).message})`, { cause });
  }
  const { images, annotations } = (value ?? {}) as { images?: unknown; annotations?: unknown };
  if (!Array.isArray(images) || !Array.isArray(annotations)) return undefined;
  const files = new Map<unknown, string>();
  for (const image of images as { id?: unknown; file_name?: unknown }[]) {
    if (typeof image?.file_name === 'string') files.set(image.id, image.file_name);
  }
  const split = splitOfFile(path);
  const year = /(?:train|val|test)\d{4}/.exec(path.slice(path.lastIndexOf('/') + 1))?.[0];
  const root = await mediaFolder(path, [...(year ? [year, join('images', year)] : []), 'images']);
  async function* rows(): AsyncGenerator<Row> {
    for (const [i, annotation] of (annotations as { image_id?: unknown; caption?: unknown }[]).entries()) {
      const file = files.get(annotation?.image_id);
      const origin = `${path}, annotation ${i + 1}`;
      if (file === undefined || typeof annotation.caption !== 'string') {
        throw new CrossmodalError(`${origin}: must have the image_id of one of the images, and a caption`);
      }
      const text = annotation.caption.trim();
      yield { ...empty, origin, image: join(root, file), texts: text ? [text] : [], text: text || undefined, split };
    }
  }
  return { kind: 'COCO captions', description: `pictures in ${root}`, root, rows };
}
