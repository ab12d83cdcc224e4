import { type Normalizer, openingAfter } from './normalizer.js';

/** Several, one after the other. */
export function sequenceNormalizer(parts: readonly Normalizer[]): Normalizer {
  return {
    apply: (text) => parts.reduce((result, part) => part.apply(result), text),
    opening(text, opening) {
      let result = text;
      let count = opening;
      for (const part of parts) {
        count = openingAfter(part, result, count);
        result = part.apply(result);
      }
      return count;
    },
  };
}
