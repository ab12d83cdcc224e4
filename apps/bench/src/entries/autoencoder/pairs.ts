import type { Image } from '@crossmodal/encoders-vision';
import { openMojiCorpus } from '../../data/corpus.js';
import type { Emoji } from '../../data/openmoji.js';
import { captionedPictures } from '../co-attention/captions.js';
import type { EntryContext } from '../entry.js';
import { decodePictures } from '../shared/images.js';

/** A picture and what is said about it. */
export interface DescribedPicture {
  image: Image;
  /** The first is asked for in the test. */
  captions: readonly string[];
}

export interface DescribedPictures {
  train: DescribedPicture[];
  test: DescribedPicture[];
}

/** Reads the pictures of an entry at a size, at most so many of each part. */
export type PictureSource = (
  context: EntryContext,
  options: { size: number; limit: number },
) => Promise<DescribedPictures>;

const wordsOf = (text: string): string => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');

/** Emojis with their names; no family is on both sides. */
export const emojiPairs: PictureSource = async (context, { size, limit }) => {
  const corpus = openMojiCorpus(context.openmoji, { limit });
  const described = async (emojis: readonly Emoji[]): Promise<DescribedPicture[]> => {
    const files = await context.pictures(
      emojis.map(({ hexcode }) => hexcode),
      'color',
    );
    const images = await decodePictures(files, { size });
    return emojis
      .map(({ annotation }, i) => ({ image: images[i]!, captions: [wordsOf(annotation)] }))
      .filter(({ captions }) => captions[0] !== '');
  };
  return { train: await described(corpus.train), test: await described(corpus.test) };
};

/** Aerial photographs with their five captions. */
export const photographPairs: PictureSource = ({ dataFolder }, options) =>
  captionedPictures({ ...options, dataFolder });
