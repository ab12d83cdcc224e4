import { isTerm, persistentNote, type TrainingNote } from './note.js';

/** A domain classifier that always tells the domains apart: the features did not become alike. */
export function domainClassifierWins({ patience = 200 }: { patience?: number } = {}): TrainingNote {
  return persistentNote({
    patience,
    dead: (name, { metrics }) => (isTerm(name, 'domainAccuracy') ? metrics[name]! > 0.98 : undefined),
    text: (name, { step }) =>
      `the domain classifier always wins: '${name}' has been above 0.98 for ${patience} records, until step ${step}. The features of ` +
      'the two domains stay apart: raise lambda (or let it rise sooner), lower the learning rate or the width of the domain ' +
      'classifier, use beta1 0.5, and look for what gives the domain away at once, such as brightness or size',
  });
}
