import { constantFeatures } from './constant-features.js';
import { contrastiveChance } from './contrastive-chance.js';
import { domainClassifierWins } from './domain-classifier-wins.js';
import { equalSamples } from './equal-samples.js';
import { lossAtChance } from './loss-at-chance.js';
import type { TrainingNote } from './note.js';

/** What `fit` watches for: training that is dead. */
export function trainingNotes(): TrainingNote[] {
  return [constantFeatures(), contrastiveChance(), lossAtChance(), domainClassifierWins(), equalSamples()];
}
