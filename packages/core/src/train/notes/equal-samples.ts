import { isTerm, persistentNote, type TrainingNote } from './note.js';

/** A generator that makes one sample for each condition (or for all noise): its term `diversity` near zero. */
export function equalSamples({ patience = 100 }: { patience?: number } = {}): TrainingNote {
  return persistentNote({
    patience,
    from: 100, // an untrained generator hardly follows its noise
    dead: (name, { metrics }) => (isTerm(name, 'diversity') ? metrics[name]! < 0.1 : undefined),
    text: (name, { step, metrics }) =>
      `samples of one condition do not differ: '${name}' (their difference, by the measure of real samples) has been below 0.1 for ` +
      `${patience} records, until step ${step} (${metrics[name]!.toFixed(3)}). The generator ignores its noise: try conditioning ` +
      'augmentation, differentiable augmentation, a gradient penalty, a lower rate or fewer steps of the discriminator; with one ' +
      'real sample per condition this is what there is to learn',
  });
}
