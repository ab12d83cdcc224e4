import { persistentNote, type TrainingNote } from './note.js';

/** A contrastive loss that does not leave log B, its value when all pairs of a batch of B look alike. */
export function contrastiveChance({ patience = 100 }: { patience?: number } = {}): TrainingNote {
  return persistentNote({
    patience,
    dead(name, { metrics }, rows) {
      if (rows === undefined || rows < 4 || `chance/${name}` in metrics || name.startsWith('chance/')) return undefined;
      const chance = Math.log(rows);
      return Math.abs(metrics[name]! - chance) < 0.01 * chance;
    },
    text: (name, { step }, rows = 0) =>
      `'${name}' has stayed at log ${rows} = ${Math.log(rows).toFixed(3)} for ${patience} records, until step ${step}. A contrastive ` +
      'loss does so while all pairs look alike: check that row i of one modality belongs to row i of the other, that the ' +
      'embeddings differ between rows, and that the learning rate is neither too high nor too low',
  });
}
