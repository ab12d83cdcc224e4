import type { Random } from '@crossmodal/core';
import { ucmCaptions } from '@crossmodal/core/data/sets';
import { openMojiCorpus } from '../../data/corpus.js';
import type { EntryContext } from '../entry.js';
import { captionOf, partialCaption } from '../shared/captions.js';

/** A picture and everything that is written about it. */
export interface Captioned {
  picture: string;
  captions: readonly string[];
}

/** Pictures and words to be trained and tested on. */
export interface Task {
  name: string;
  train: readonly Captioned[];
  test: readonly Captioned[];
}

/** OpenMoji by name and tags, held out by families of emojis, as in the entry `alignment`. */
export async function openMojiTask(
  context: EntryContext,
  { limit, random }: { limit: number; random: Random },
): Promise<Task> {
  const corpus = openMojiCorpus(context.openmoji, { limit });
  const pictures = async (list: typeof corpus.train) =>
    context.pictures(
      list.map(({ hexcode }) => hexcode),
      'color',
    );
  const [train, test] = [await pictures(corpus.train), await pictures(corpus.test)];
  return {
    name: 'OpenMoji',
    train: corpus.train.map((emoji, i) => ({
      picture: train[i]!,
      // All tags, and some of them, so that not every word is always there.
      captions: [captionOf(emoji), partialCaption(emoji, random), partialCaption(emoji, random)],
    })),
    test: corpus.test.map((emoji, i) => ({ picture: test[i]!, captions: [captionOf(emoji)] })),
  };
}

/** Aerial photographs with five sentences each, by the splits of the data set. */
export async function ucmTask(data: string, { limit }: { limit: number }): Promise<Task> {
  const rows = await ucmCaptions({ data });
  const part = (split: string, most: number): Captioned[] => {
    const own = rows.filter((row) => row.split === split);
    const every = Math.max(1, Math.ceil(own.length / most));
    return own.filter((_, i) => i % every === 0).map((row) => ({ picture: row.image, captions: row.texts }));
  };
  return { name: 'UCM', train: part('train', limit), test: part('test', limit / 2) };
}
