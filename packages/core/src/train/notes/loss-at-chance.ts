import { persistentNote, type TrainingNote } from './note.js';

/**
 * A term that does not leave the value of guessing. Models say what that is: beside `classification` they report
 * `chance/classification`, the log of the number of classes.
 */
export function lossAtChance({ patience = 100 }: { patience?: number } = {}): TrainingNote {
  return persistentNote({
    patience,
    dead(name, { metrics }) {
      const chance = metrics[`chance/${name}`];
      return chance === undefined ? undefined : Math.abs(metrics[name]! - chance) < 0.01 * chance;
    },
    text: (name, { step, metrics }) =>
      `'${name}' has stayed at ${metrics[`chance/${name}`]!.toFixed(3)}, its value for guessing, for ${patience} records, until step ` +
      `${step}: check that labels belong to their rows, that the inputs differ, try a higher learning rate, and a smaller weight of ` +
      'the terms that work against it',
  });
}
