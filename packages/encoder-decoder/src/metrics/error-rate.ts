import { CrossmodalError } from '@crossmodal/core';
import { wordsOf } from './corpus.js';

export interface ErrorRate {
  /** Edits per unit of the references; above 1 where more is inserted than there is. */
  rate: number;
  substitutions: number;
  insertions: number;
  deletions: number;
  /** Words or characters of all references. */
  length: number;
}

/**
 * Word error rate of a corpus: the fewest substitutions, insertions and deletions that make the references of the hypotheses,
 * divided by the number of words of the references. Words are what stands between white space.
 *
 * @throws CrossmodalError when the lists differ in length, or the references have no word
 * @see Levenshtein (1966); the package jiwer
 * @example
 * wordErrorRate(['one tree four'], ['one three four five']).rate; // 0.5
 */
export function wordErrorRate(hypotheses: readonly string[], references: readonly string[]): ErrorRate {
  return errorRate('wordErrorRate', hypotheses, references, wordsOf);
}

/**
 * Character error rate of a corpus, as `wordErrorRate`, in Unicode code points; spaces count, white space at the ends does not.
 *
 * @throws CrossmodalError when the lists differ in length, or the references have no character
 * @example
 * characterErrorRate(['seven'], ['eleven']).rate; // 2 / 6
 */
export function characterErrorRate(hypotheses: readonly string[], references: readonly string[]): ErrorRate {
  return errorRate('characterErrorRate', hypotheses, references, (text) => [...text.trim()]);
}

function errorRate(
  where: string,
  hypotheses: readonly string[],
  references: readonly string[],
  unitsOf: (text: string) => string[],
): ErrorRate {
  if (hypotheses.length !== references.length) {
    throw new CrossmodalError(
      `${where}: there must be one reference per hypothesis, got ${hypotheses.length} and ${references.length}`,
    );
  }
  const sum = { substitutions: 0, insertions: 0, deletions: 0, length: 0 };
  for (const [i, text] of hypotheses.entries()) {
    const reference = unitsOf(references[i]!);
    const own = edits(unitsOf(text), reference);
    sum.substitutions += own.substitutions;
    sum.insertions += own.insertions;
    sum.deletions += own.deletions;
    sum.length += reference.length;
  }
  if (sum.length === 0) {
    throw new CrossmodalError(`${where}: the references must not all be empty, the rate would be a division by zero`);
  }
  return { rate: (sum.substitutions + sum.insertions + sum.deletions) / sum.length, ...sum };
}

interface Edits {
  substitutions: number;
  insertions: number;
  deletions: number;
}

/** The fewest edits that make `reference` of `hypothesis`: an insertion is a unit that only the hypothesis has. */
function edits(hypothesis: readonly string[], reference: readonly string[]): Edits {
  const total = ({ substitutions, insertions, deletions }: Edits) => substitutions + insertions + deletions;
  const none = { substitutions: 0, insertions: 0, deletions: 0 };
  let above: Edits[] = reference.reduce<Edits[]>(
    (row) => [...row, { ...none, deletions: row.at(-1)!.deletions + 1 }],
    [none],
  );
  for (const unit of hypothesis) {
    const row: Edits[] = [{ ...none, insertions: above[0]!.insertions + 1 }];
    for (const [j, wanted] of reference.entries()) {
      const diagonal = above[j]!;
      const candidates: Edits[] = [
        unit === wanted ? diagonal : { ...diagonal, substitutions: diagonal.substitutions + 1 },
        { ...above[j + 1]!, insertions: above[j + 1]!.insertions + 1 },
        { ...row[j]!, deletions: row[j]!.deletions + 1 },
      ];
      row.push(candidates.reduce((best, candidate) => (total(candidate) < total(best) ? candidate : best)));
    }
    above = row;
  }
  return above.at(-1)!;
}
