import { Random } from '@crossmodal/core';
import type { ConditionalGan } from '@crossmodal/gan';
import type { Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { Figure } from '../../report/figure.js';
import { imagesOf, pngOf } from '../shared/images.js';
import { exampleRows } from '../shared/retrieval.js';
import type { Subjects } from './drawing-data.js';

/** Drawings of one name, from different noise. */
const drawings = 6;

/** Real pictures of some names, and what is drawn for them. */
export async function drawingFigures(
  gan: ConditionalGan,
  { train, test }: { train: Subjects; test: Subjects },
  { seed, recipe }: { seed: number; recipe: string },
): Promise<Figure[]> {
  const random = new Random(seed).fork('figures');
  const figure = async (
    { items, images, conditions }: Subjects,
    { names, title, caption }: { names: number; title: string; caption: string },
  ): Promise<Figure> => {
    const picked = exampleRows(items.length, names);
    const asked = tf.gather(conditions, picked);
    const columns: Uint8Array[][] = [];
    for (let column = 0; column < drawings; column++) {
      const drawn = gan.generate(asked, { random: random.fork(column) }) as Tensor4D;
      columns.push(await Promise.all((await imagesOf(drawn)).map(pngOf)));
      drawn.dispose();
    }
    asked.dispose();
    const rows = picked.map(async (row, index) => ({
      label: items[row]!.name,
      pictures: [await pngOf(images[row]!), ...columns.map((column) => column[index]!)],
    }));
    const headings = ['real', ...columns.map(() => '')];
    return { kind: 'pictures', title, caption, headings, rows: await Promise.all(rows) };
  };
  return [
    await figure(test, {
      names: 8,
      title: `Names it has never seen${recipe}`,
      caption: 'The real picture first, then six drawings from different noise.',
    }),
    await figure(train, {
      names: 6,
      title: `Names of its training${recipe}`,
      caption: 'The same for pictures that it was trained on.',
    }),
  ];
}
