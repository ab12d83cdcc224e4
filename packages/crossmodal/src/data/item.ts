import type { Row } from '@crossmodal/core/data';
import type { Modality } from '../model/load-model.js';

/** One thing with all that is known of it: rows that show the same picture or play the same recording are one item. */
export interface Item extends Row {
  /** The picture or recording, or the text of an item that has neither. */
  readonly id: string;
}

/** Which modalities an item has. */
export function modalitiesOf(item: Item): Modality[] {
  const has: Modality[] = [];
  if (item.image !== undefined) has.push('image');
  if (item.texts.length > 0) has.push('text');
  if (item.audio !== undefined) has.push('audio');
  return has;
}

/**
 * Rows joined into items, in order of first appearance: captions of one picture (or recording) come together. Where there is a
 * label and no text, the label is the text: `baseball_diamond` reads "baseball diamond".
 */
export function itemsOf(rows: Iterable<Row>): Item[] {
  const items = new Map<string, Item>();
  for (const row of rows) {
    const image = typeof row.image === 'string' ? row.image : undefined;
    const audio = typeof row.audio === 'string' ? row.audio : undefined;
    const texts = row.texts.length > 0 || row.label === undefined ? row.texts : [wordsOf(row.label)];
    const id = [image, audio].filter((path) => path !== undefined).join(' ') || (texts[0] ?? row.origin);
    const first = items.get(id);
    if (!first) items.set(id, { ...row, texts, text: texts[0], id });
    else items.set(id, { ...first, texts: [...first.texts, ...texts] });
  }
  return [...items.values()];
}

function wordsOf(label: string): string {
  return label.replace(/[_-]+/g, ' ').trim();
}
