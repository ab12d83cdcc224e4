import { CrossmodalError } from '@crossmodal/core';
import { checkQueries, checkSearchOptions } from './check.js';
import { Candidates } from './exact/candidates.js';
import { exactScore, squaredLength } from './exact/score.js';
import { checkFilter } from './filter/filter.js';
import { predicate } from './filter/predicate.js';
import type { Recall, RecallOptions, VectorStore } from './vector-store.js';

/**
 * Compares a store's answers with those of a loop over all its items in double precision. An answer counts as right when its
 * exact score is at least that of the k-th best item, so that equal scores count alike.
 */
export async function measureRecall(
  where: string,
  store: VectorStore,
  queries: readonly ArrayLike<number>[],
  options: RecallOptions = {},
): Promise<Recall> {
  const { k } = checkSearchOptions(where, options);
  const { dimension, similarity } = store;
  const values = checkQueries(where, queries, dimension);
  if (queries.length === 0) throw new CrossmodalError(`${where}: queries must not be empty`);
  const accepts =
    options.filter === undefined ? () => true : predicate(checkFilter(where, options.filter, store.fields));
  const answers = await store.search(queries, options);
  const exact = queries.map((_, i) => ({
    at: i * dimension,
    squared: squaredLength(values, i * dimension, dimension),
    best: new Candidates(k),
    answers: new Set(answers[i]!.map(({ id }) => id)),
    scores: [] as number[],
  }));
  let position = 0;
  for await (const { id, vector, metadata } of store.items()) {
    if (!accepts(metadata)) continue;
    for (const query of exact) {
      const score = exactScore(similarity, values, query.at, query.squared, vector, 0, dimension);
      if (score >= query.best.threshold) query.best.add(position, score, 0);
      if (query.answers.has(id)) query.scores.push(score);
    }
    position++;
  }
  let sum = 0;
  for (const { best, scores } of exact) {
    best.compact();
    const wanted = Math.min(k, best.count);
    const least = wanted < k ? Number.NEGATIVE_INFINITY : best.threshold;
    sum += wanted === 0 ? 1 : scores.filter((score) => score >= least).length / wanted;
  }
  return { recall: sum / queries.length, k, queries: queries.length };
}
