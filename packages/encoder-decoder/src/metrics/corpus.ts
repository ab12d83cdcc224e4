import { CrossmodalError } from '@crossmodal/core';

/** Refuses lists of different length, rows without references, and what is no text; an empty text is one. */
export function requireCorpus(
  where: string,
  hypotheses: readonly string[],
  references: readonly (readonly string[])[],
): void {
  if (hypotheses.length !== references.length || hypotheses.length === 0) {
    throw new CrossmodalError(
      `${where}: there must be one or more hypotheses with references each, got ${hypotheses.length} and ${references.length}`,
    );
  }
  for (const [i, own] of references.entries()) {
    if (!Array.isArray(own) || own.length === 0) {
      throw new CrossmodalError(`${where}: hypothesis ${i} must have a list of one or more references, got ${own}`);
    }
    const other = [hypotheses[i], ...own].find((text) => typeof text !== 'string');
    if (other !== undefined) throw new CrossmodalError(`${where}: row ${i} must hold texts, got ${typeof other}`);
  }
}

/** Words between white space. */
export const wordsOf = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');
