import { Random } from '@crossmodal/core';
import type { ConditionalGan } from '@crossmodal/gan';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Figure } from '../../report/figure.js';
import { imagesOf, pngOf } from '../shared/images.js';
import { exampleRows } from '../shared/retrieval.js';
import type { DrawnEmojis } from './drawing-data.js';

/** Drawings of one name, from different noise. */
const drawings = 6;

/** Real pictures of some names, and what is drawn for them. */
export async function drawingFigures(
  gan: ConditionalGan,
  { train, test }: { train: DrawnEmojis; test: DrawnEmojis },
  { seed }: { seed: number },
): Promise<Figure[]> {
  const random = new Random(seed).fork('figures');
  const figure = async (
    { emojis, images, conditions }: DrawnEmojis,
    { names, title, caption }: { names: number; title: string; caption: string },
  ): Promise<Figure> => {
    const picked = exampleRows(emojis.length, names);
    const asked = tf.gather(conditions, picked);
    const columns: Uint8Array[][] = [];
    for (let column = 0; column < drawings; column++) {
      const drawn = gan.generate(asked, { random: random.fork(column) }) as Tensor4D;
      columns.push(await Promise.all((await imagesOf(drawn)).map(pngOf)));
      drawn.dispose();
    }
    asked.dispose();
    const rows = picked.map(async (row, index) => ({
      label: emojis[row]!.annotation,
      pictures: [await pngOf(images[row]!), ...columns.map((column) => column[index]!)],
    }));
    const headings = ['real', ...columns.map(() => '')];
    return { kind: 'pictures', title, caption, headings, rows: await Promise.all(rows) };
  };
  return [
    await figure(test, {
      names: 8,
      title: 'Names it has never seen',
      caption: 'The real emoji first, then six drawings from different noise.',
    }),
    await figure(train, {
      names: 6,
      title: 'Names of its training',
      caption: 'The same for emojis that it was trained on.',
    }),
  ];
}
