import { CrossmodalError } from '@crossmodal/core';
import { largestPlace, logProbabilities } from '../generation/log-probabilities.js';
import type { CtcHypothesis } from './prefix-beam.js';

/** The most probable class of each frame, equal neighbours merged, blanks left out; the score is the log-probability of that alignment. */
export function bestPath(logits: Float32Array, { classes, blank }: { classes: number; blank: number }): CtcHypothesis {
  const labels: number[] = [];
  let score = 0;
  let before = blank;
  for (let t = 0; (t + 1) * classes <= logits.length; t++) {
    const values = logProbabilities(logits.subarray(t * classes, (t + 1) * classes));
    const label = largestPlace(values);
    score += values[label]!;
    if (label !== before && label !== blank) labels.push(label);
    before = label;
  }
  return { labels, score };
}

/** Refuses what are no frames of classes. */
export function requireFrames(where: string, logits: Float32Array, classes: number, blank: number): void {
  if (!Number.isSafeInteger(classes) || classes < 2 || logits.length % classes !== 0) {
    throw new CrossmodalError(`${where}: logits must be frames of ${classes} classes, got ${logits.length} numbers`);
  }
  if (!Number.isSafeInteger(blank) || blank < 0 || blank >= classes) {
    throw new CrossmodalError(`${where}: blank must be a class, an integer in [0, ${classes}), got ${blank}`);
  }
}
