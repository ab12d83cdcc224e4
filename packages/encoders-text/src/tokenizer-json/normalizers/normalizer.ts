/** Changes a text before it is split. */
export interface Normalizer {
  apply(text: string): string;
  /**
   * How many leading units of the changed text come from the first `opening` units of the text. Absent where that is the
   * length of those, changed on their own.
   */
  opening?(text: string, opening: number): number;
}

/** What comes of a text of which `opening` leading units are the first character of the whole. */
export function openingAfter(normalizer: Normalizer, text: string, opening: number): number {
  if (opening === 0) return 0;
  return normalizer.opening?.(text, opening) ?? normalizer.apply(text.slice(0, opening)).length;
}
