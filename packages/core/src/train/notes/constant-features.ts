import { isTerm, persistentNote, type TrainingNote } from './note.js';

/** Features or embeddings that are the same for all rows: the term `spread` (see `relativeSpread`) near zero. */
export function constantFeatures({ patience = 50 }: { patience?: number } = {}): TrainingNote {
  return persistentNote({
    patience,
    dead: (name, { metrics }) => (isTerm(name, 'spread') ? metrics[name]! < 1e-4 : undefined),
    text: (name, { step, metrics }) =>
      `all features are equal: '${name}' has been below 0.0001 for ${patience} records, until step ${step} ` +
      `(${metrics[name]!.toExponential(1)}). Nothing can be learned from them any more: start anew with a lower learning rate or with ` +
      'warm-up, a smaller weight of terms that make features alike (distances between domains, coincidence of pairs), or another ' +
      'activation where ReLUs are dead',
  });
}
