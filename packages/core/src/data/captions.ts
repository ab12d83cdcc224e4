import { requireOneOf } from '../checks.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import type { Row } from './row.js';
import type { ItemContext } from './stages/item-context.js';

/**
 * One row per text of a row, for `expand`: a picture with five captions becomes five pairs. A row without text stays as it is.
 *
 * @example pipeline(rows).expand(everyCaption);
 */
export function everyCaption<R extends Row>(row: R): R[] {
  return row.texts.length === 0 ? [row] : row.texts.map((text) => ({ ...row, text }));
}

/**
 * The row with one of its texts drawn at random, another one in each epoch, for `map`: each picture is seen once per epoch.
 *
 * @example pipeline(rows).shuffle({ seed: 1 }).map(oneCaption, { seed: 1 });
 */
export function oneCaption<R extends Row>(row: R, { random }: ItemContext): R {
  return row.texts.length < 2 ? row : { ...row, text: row.texts[random.integer(row.texts.length)] };
}

/**
 * Rows that show the same picture or play the same recording made into one row with all their texts, in order of first
 * appearance. Everything but the texts is taken from the first of them.
 *
 * @throws CrossmodalError when a row has no image (or audio) path to tell by.
 * @example const pictures = joinCaptions(await manifest('captions.tsv').toArray());
 */
export function joinCaptions<R extends Row>(
  rows: readonly R[],
  {
    by = 'image',
    ...others
  }: {
    /** @default 'image' */
    by?: 'image' | 'audio';
  } = {},
): R[] {
  assertKnownOptions('joinCaptions', others, ['by']);
  requireOneOf('joinCaptions: by', by, ['image', 'audio']);

  const joined = new Map<string, R>();
  for (const row of rows) {
    const path = row[by];
    if (typeof path !== 'string')
      throw new CrossmodalError(
        `joinCaptions: ${row.origin}: the row has no path of ${by === 'image' ? 'an image' : 'a recording'}`,
      );
    const first = joined.get(path);
    joined.set(path, first ? { ...first, texts: [...first.texts, ...row.texts] } : row);
  }
  return [...joined.values()];
}
