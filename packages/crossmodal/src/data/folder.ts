import { readFile } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import type { Row } from '@crossmodal/core/data';
import { fileKind } from './files.js';
import type { DataSource } from './source.js';
import { splitNamed } from './splits.js';

/**
 * A folder of files: with texts beside them (`7.jpg`, `7.txt`), in one folder per class, or neither. A first level of folders called
 * train, val and test is the split.
 *
 * @param files relative to the folder
 */
export function folderSource(root: string, files: readonly string[]): DataSource | undefined {
  const media = files.filter((file) => ['image', 'audio', 'unreadable'].includes(fileKind(file) ?? ''));
  const stemOf = (file: string) => file.slice(0, file.lastIndexOf('.')).normalize('NFC');
  const stems = new Set(media.map(stemOf));
  const texts = new Map(
    files.filter((file) => fileKind(file) === 'text' && stems.has(stemOf(file))).map((file) => [stemOf(file), file]),
  );
  if (media.length === 0) return undefined;
  const parts = (file: string) => file.split(sep);
  const bySplit = media.every((file) => parts(file).length > 1 && splitNamed(parts(file)[0]) !== undefined);
  const classOf = (file: string) => parts(file).at(bySplit ? 1 : 0) as string;
  const classes = media.every((file) => parts(file).length > (bySplit ? 2 : 1))
    ? new Set(media.map(classOf))
    : new Set<string>();
  const labelled = texts.size === 0 && classes.size > 1;
  async function* rows(): AsyncGenerator<Row> {
    const groups = new Map<string, { image?: string; audio?: string }>();
    for (const file of media) {
      const kind = fileKind(file);
      // Unreadable ones come as pictures, so that they are looked at, refused and named.
      const role = kind === 'audio' ? 'audio' : 'image';
      const key = stemOf(file);
      const group = groups.get(key) ?? {};
      if (group[role] !== undefined) groups.set(file, { [role]: file });
      else groups.set(key, { ...group, [role]: file });
    }
    for (const [key, { image, audio }] of groups) {
      const file = (image ?? audio) as string;
      const text = texts.get(stemOf(file));
      const lines = text === undefined ? [] : await linesOf(join(root, text));
      yield {
        origin: join(root, key),
        text: lines[0],
        texts: lines,
        image: image === undefined ? undefined : join(root, image),
        audio: audio === undefined ? undefined : join(root, audio),
        label: labelled ? classOf(file).normalize('NFC') : undefined,
        split: bySplit ? parts(file)[0] : undefined,
        fields: {},
      };
    }
  }
  const kind = texts.size > 0 ? 'files with texts beside them' : labelled ? 'class folders' : 'media files';
  const description =
    texts.size > 0 ? `${texts.size} of them have a text` : labelled ? `${classes.size} classes` : 'without texts';
  return { kind, description: bySplit ? `${description}; splits by folder` : description, root, rows };
}

async function linesOf(path: string): Promise<string[]> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code?.startsWith('E') && !code.startsWith('ERR_')) {
      throw new CrossmodalError(`${path}: cannot be read (${code})`, { remedy: 'correct or remove it', cause });
    }
    throw new CrossmodalError(`${path}: is not UTF-8 text`, { remedy: 'save it as UTF-8', cause });
  }
  return text
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
