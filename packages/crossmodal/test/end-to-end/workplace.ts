import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../command.js';
import { colouredShapes } from '../pictures.js';

/** Where the tests of a small model are: its data, itself, and an index. */
export interface Workplace {
  root: string;
  data: string;
  model: string;
  index: string;
  /** The command that trains it. */
  train: readonly string[];
}

// As options: --image-size 16 ...
const small = {
  'image-size': 16,
  'batch-size': 20,
  channels: '8,16',
  epochs: 30,
  dimension: 16,
  'learning-rate': 0.02,
};

export function workplace(root: string): Workplace {
  const [data, model, index] = [join(root, 'shapes'), join(root, 'models/shapes'), join(root, 'index')];
  const options = Object.entries(small).flatMap(([name, value]) => [`--${name}`, String(value)]);
  return { root, data, model, index, train: ['train', '--data', data, '--out', model, ...options] };
}

/** Draws the data, unless they are there. */
export async function drawData({ data }: Workplace): Promise<void> {
  if (!existsSync(data)) await colouredShapes(data);
}

/** Trains the model and makes the index, unless they are there. */
export async function makeIndex(place: Workplace): Promise<void> {
  await drawData(place);
  const { data, model, index, train } = place;
  const steps = [
    [model, train],
    [index, ['index', '--data', data, '--model', model, '--index', index]],
  ] as const;
  for (const [result, args] of steps) {
    if (existsSync(result)) continue;
    const { code, notes } = await run(args);
    if (code !== 0) throw new Error(notes);
  }
}
