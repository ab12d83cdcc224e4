import { createHash } from 'node:crypto';
import { relative, resolve, sep } from 'node:path';
import type { Metadata } from '@crossmodal/search';
import type { Item } from '../data/item.js';
import type { Modality } from '../model/load-model.js';

/** One vector of an index: a picture, a recording, or a text that describes some. */
export interface Entry {
  id: string;
  kind: Modality;
  /** Path of the file, or the text itself. */
  content: string;
  metadata: Metadata;
}

const longestText = 500;

/**
 * The entries of items, for the modalities of a model: each picture, each recording, and each different text once, with a picture or
 * recording that it describes.
 */
export function* entriesOf(
  items: readonly Item[],
  { modalities, root, rootNumber }: { modalities: readonly Modality[]; root: string; rootNumber: number },
): Generator<Entry> {
  const place = (file: unknown): { file: string; root: number } | undefined => {
    if (typeof file !== 'string') return undefined;
    const path = relative(root, resolve(file));
    // What lies outside of the folder of the data is found, but not shown.
    return path.startsWith('..') ? undefined : { file: path.split(sep).join('/'), root: rootNumber };
  };
  const texts = new Set<string>();
  for (const item of items) {
    const common: Record<string, string> = {};
    if (item.label !== undefined) common['label'] = item.label;
    if (item.split !== undefined) common['split'] = item.split;
    const caption: Record<string, string> =
      item.texts[0] === undefined ? {} : { text: item.texts[0].slice(0, longestText) };
    for (const kind of ['image', 'audio'] as const) {
      const file = item[kind];
      if (!modalities.includes(kind) || typeof file !== 'string') continue;
      const path = place(file);
      yield {
        id: idOf(kind, `${rootNumber}/${path?.file ?? resolve(file)}`),
        kind,
        content: file,
        metadata: { kind, ...common, ...caption, ...path },
      };
    }
    if (!modalities.includes('text')) continue;
    const shown = { ...place(item.audio), ...place(item.image) };
    for (const text of item.texts) {
      if (texts.has(text)) continue;
      texts.add(text);
      yield {
        id: idOf('text', text),
        kind: 'text',
        content: text,
        metadata: { kind: 'text', ...common, text: text.slice(0, longestText), ...shown },
      };
    }
  }
}

/** A short name that is the same in each run, and safe in a URL. */
function idOf(kind: Modality, content: string): string {
  return `${kind}-${createHash('sha256').update(content).digest('base64url').slice(0, 22)}`;
}
