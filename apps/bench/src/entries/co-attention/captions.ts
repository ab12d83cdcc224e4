import { Random } from '@crossmodal/core';
import { mapConcurrently } from '@crossmodal/core/data';
import { type UcmRow, ucmCaptions } from '@crossmodal/core/data/sets';
import { decodeImage, type Image, toImage } from '@crossmodal/encoders-vision';
import { openMojiCorpus } from '../../data/corpus.js';
import type { EntryContext } from '../entry.js';
import { captionOf, partialCaption } from '../shared/captions.js';
import { decodePictures } from '../shared/images.js';

/** A picture with its captions. */
export interface CaptionedPicture {
  image: Image;
  captions: readonly string[];
  label: string;
}

/** Only words, so that those of a figure are those of the tokeniser. */
export function wordsOf(text: string): string {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
}

/** Photographs of UCM-Captions in memory, by part. */
export async function captionedPictures({
  size,
  limit,
  dataFolder,
}: {
  size: number;
  limit: number;
  dataFolder: string | undefined;
}): Promise<{ train: CaptionedPicture[]; test: CaptionedPicture[] }> {
  const rows = await ucmCaptions({ data: dataFolder });
  const part = async (split: string) => {
    const own = rows.filter((row) => row.split === split);
    const spread = own.filter((_, i) => i % Math.max(1, Math.floor(own.length / limit)) === 0).slice(0, limit);
    return mapConcurrently(spread, async (row: UcmRow) => ({
      image: toImage(await decodeImage(row.image, { size })),
      captions: row.texts.map(wordsOf),
      label: row.label,
    }));
  };
  return { train: await part('train'), test: await part('test') };
}

/** Texts that repeat, once each. */
export function uniqueCaptions(pictures: readonly CaptionedPicture[]): string[] {
  return [...new Set(pictures.flatMap(({ captions }) => captions))];
}

export interface CaptionedPictures {
  train: CaptionedPicture[];
  test: CaptionedPicture[];
}

/** Reads the pictures of an entry at a size, at most so many of each part. */
export type CaptionedSource = (
  context: EntryContext,
  options: { size: number; limit: number },
) => Promise<CaptionedPictures>;

/** Aerial photographs. */
export const photographs: CaptionedSource = ({ dataFolder }, options) => captionedPictures({ ...options, dataFolder });

/** Emojis with their names and tags, of families that are not on both sides; in training also with some of the tags. */
export const emojis: CaptionedSource = async (context, { size, limit }) => {
  const corpus = openMojiCorpus(context.openmoji, { limit });
  const random = new Random(context.seed).fork('captions of emojis');
  const of = async (list: typeof corpus.train, ways: number): Promise<CaptionedPicture[]> => {
    const files = await context.pictures(
      list.map(({ hexcode }) => hexcode),
      'color',
    );
    const images = await decodePictures(files, { size });
    return list.map((emoji, i) => ({
      image: images[i]!,
      captions: [captionOf(emoji), ...Array.from({ length: ways }, () => partialCaption(emoji, random))].map(wordsOf),
      label: emoji.group,
    }));
  };
  return { train: await of(corpus.train, 4), test: await of(corpus.test, 0) };
};
