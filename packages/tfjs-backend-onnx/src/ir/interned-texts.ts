/**
 * Small numbers for texts: the same number for the same text, never one number for two texts. The table is bounded. Texts
 * that were not asked for while so many characters of others came in are forgotten; when such a text returns, it has a
 * new number, and what was built for the old one is built again.
 */
export class InternedTexts {
  #recent = new Map<string, number>();
  #earlier = new Map<string, number>();
  #recentCharacters = 0;
  #earlierCharacters = 0;
  #next = 0;

  /** @param limit characters after which the older half of the table is forgotten. */
  constructor(readonly limit: number) {}

  /** Characters that the table holds, at most twice the limit and one text more. */
  get characters(): number {
    return this.#recentCharacters + this.#earlierCharacters;
  }

  numberOf(text: string): number {
    const recent = this.#recent.get(text);
    if (recent !== undefined) return recent;
    const number = this.#earlier.get(text) ?? this.#next++;
    this.#recent.set(text, number);
    this.#recentCharacters += text.length;
    if (this.#recentCharacters > this.limit) {
      this.#earlier = this.#recent;
      this.#earlierCharacters = this.#recentCharacters;
      this.#recent = new Map();
      this.#recentCharacters = 0;
    }
    return number;
  }
}
