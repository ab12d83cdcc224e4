import sharp from 'sharp';
import type { BarsFigure, RetrievalFigure } from '../../report/figure.js';
import type { Task } from './tasks.js';
import type { Example } from './training.js';

/** Side of the pictures in the report, in pixels. */
const side = 72;

/** A share of captions that find their picture, by the way of training. */
export interface Way {
  name: string;
  recall: number;
}

/** The ways of training side by side, below them chance. */
export function waysFigure(task: Task, ways: readonly Way[], { chance }: { chance: number }): BarsFigure {
  return {
    kind: 'bars',
    title: `${task.name}: words find pictures among the first ten.`,
    caption: `Of ${task.test.length} pictures that no training has seen.`,
    bars: [
      ...ways.map(({ name, recall }, i) => ({ name, value: recall, emphasis: i < ways.length - 1 })),
      { name: 'chance', value: chance },
    ],
    maximum: 1,
  };
}

/** What a few captions find. */
export async function examplesFigure(
  task: Task,
  examples: readonly Example[],
  { way }: { way: string },
): Promise<RetrievalFigure> {
  const picture = (index: number) =>
    sharp(task.test[index]!.picture).resize(side, side, { fit: 'contain', background: '#0000' }).png().toBuffer();
  return {
    kind: 'retrieval',
    title: `${task.name}: words look for pictures.`,
    caption: `${way}; captions of test pictures at even distances, not picked by hand; pictures that have the caption are framed.`,
    gallery: task.test.length,
    near: 10,
    queries: await Promise.all(
      examples.map(async ({ caption, right, rank, first }) => ({
        text: caption,
        answer: await picture(right[0]!),
        rank,
        results: await Promise.all(
          first.map(async (index) => ({
            label: task.test[index]!.captions[0]!,
            picture: await picture(index),
            right: right.includes(index),
          })),
        ),
      })),
    ),
  };
}
