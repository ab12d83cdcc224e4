import { Random } from '@crossmodal/core';
import type { Emoji } from '../../data/openmoji.js';
import { alignedModel } from '../alignment/model.js';
import { colourClassifier } from '../domain-adaptation/colour-classifier.js';
import type { EntryContext } from '../entry.js';
import { captionOf, partialCaption } from '../shared/captions.js';
import { groupNames, groupOf } from '../shared/groups.js';
import { decodePictures } from '../shared/images.js';
import type { DrawingSource, Subjects } from './drawing-data.js';

/** The emojis that belong to a group, with text vectors of the suite's dual encoder. */
export async function emojiSource(
  context: EntryContext,
  { size, captions }: { size: number; captions: number },
): Promise<DrawingSource> {
  const { model, corpus } = await alignedModel(context);
  const of = async (all: readonly Emoji[]): Promise<Subjects> => {
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
    const items = emojis.map((emoji) => ({
      name: emoji.annotation,
      caption: captionOf(emoji),
      group: groupOf(emoji),
    }));
    return { items, images: await decodePictures(files, { size }), conditions, variants };
  };
  return {
    train: await of(corpus.train),
    test: await of(corpus.test),
    dimension: model.dimension,
    groups: groupNames.length,
    classifier: await colourClassifier(context),
  };
}
