import { Random } from '@crossmodal/core';
import type { Image } from '@crossmodal/encoders-vision';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Emoji } from '../../data/openmoji.js';
import { alignedModel } from '../alignment/model.js';
import type { EntryContext } from '../entry.js';
import { captionOf, partialCaption } from '../shared/captions.js';
import { groupOf } from '../shared/groups.js';
import { decodePictures } from '../shared/images.js';

/** Emojis of one side of the split, with their pictures and the text vectors of their names. */
export interface DrawnEmojis {
  emojis: Emoji[];
  images: Image[];
  /** [emojis, dimension] */
  conditions: Tensor2D;
  /** The text vectors of each way to write the names, the whole captions first: [ways][emojis][dimension]. */
  variants: number[][][];
}

/** The emojis that belong to a group, with pictures of a size and text vectors of the suite's dual encoder. */
export async function drawingData(
  context: EntryContext,
  { size, captions }: { size: number; captions: number },
): Promise<{ train: DrawnEmojis; test: DrawnEmojis; dimension: number }> {
  const { model, corpus } = await alignedModel(context);
  const of = async (all: readonly Emoji[]): Promise<DrawnEmojis> => {
    const emojis = all.filter((emoji) => groupOf(emoji) >= 0);
    const files = await context.pictures(
      emojis.map(({ hexcode }) => hexcode),
      'color',
    );
    const conditions = await model.embedItems('text', emojis.map(captionOf), { batchSize: 128 });
    const variants = [await conditions.array()];
    for (let way = 1; way < captions; way++) {
      const random = new Random(context.seed).fork('captions').fork(way);
      const written = emojis.map((emoji) => partialCaption(emoji, random));
      const rows = await model.embedItems('text', written, { batchSize: 128 });
      variants.push(await rows.array());
      rows.dispose();
    }
    return { emojis, images: await decodePictures(files, { size }), conditions, variants };
  };
  return { train: await of(corpus.train), test: await of(corpus.test), dimension: model.dimension };
}
