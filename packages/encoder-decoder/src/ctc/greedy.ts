import { CrossmodalError } from '@crossmodal/core';
import { largestPlace } from '../generation/log-probabilities.js';

/** The most probable class of each frame, equal neighbours merged, blanks left out. */
export function bestPath(logits: Float32Array, { classes, blank }: { classes: number; blank: number }): number[] {
  const labels: number[] = [];
  let before = blank;
  for (let t = 0; (t + 1) * classes <= logits.length; t++) {
    const label = largestPlace(logits.subarray(t * classes, (t + 1) * classes));
    if (label !== before && label !== blank) labels.push(label);
    before = label;
  }
  return labels;
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
