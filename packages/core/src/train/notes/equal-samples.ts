import { isTerm, persistentNote, type TrainingNote } from './note.js';

/**
 * Drawings of digits stay below this, at about 0.1, with the recipe that made one picture per word, and rise above it before step 250,
 * to 0.6, with the one that does not (RESULTS.md of `@crossmodal/gan`).
 */
const least = 0.2;

/** A generator that makes one sample for each condition (or for all noise): its term `diversity` stays small. */
export function equalSamples({ patience = 100 }: { patience?: number } = {}): TrainingNote {
  return persistentNote({
    patience,
    from: 200, // a generator that has only begun hardly follows its noise
    dead: (name, { metrics }) => (isTerm(name, 'diversity') ? metrics[name]! < least : undefined),
    text: (name, { step, metrics }) =>
      `samples of one condition hardly differ: '${name}' (their difference, by the measure of real samples) has been below ${least} for ` +
      `${patience} records, until step ${step} (${metrics[name]!.toFixed(3)}). The generator ignores its noise: try a gradient penalty ` +
      '(r1), conditioning augmentation, differentiable augmentation, a lower rate or fewer steps of the discriminator; with one ' +
      'real sample per condition this is what there is to learn',
  });
}
