import type { PictureQuestion } from '@crossmodal/core/data/sets';

/** Share of right answers. */
export function accuracyOf(questions: readonly PictureQuestion[], answers: readonly string[]): number {
  return questions.filter(({ answer }, i) => answer === answers[i]).length / questions.length;
}

/**
 * The answer that each question most often has, whatever the picture: what can be known without looking. A question that
 * was never asked gets the most frequent answer of all.
 */
export function answersWithoutPictures(train: readonly PictureQuestion[], test: readonly PictureQuestion[]): string[] {
  const counts = new Map<string, Map<string, number>>();
  for (const { question, answer } of train) {
    const own = counts.get(question) ?? new Map<string, number>();
    counts.set(question, own.set(answer, (own.get(answer) ?? 0) + 1));
  }
  const all = new Map<string, number>();
  for (const { answer } of train) all.set(answer, (all.get(answer) ?? 0) + 1);
  const mostFrequent = (own: ReadonlyMap<string, number>) =>
    [...own].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
  return test.map(({ question }) => mostFrequent(counts.get(question) ?? all));
}

/** What kind of answer is asked for. */
export function kindOf({ answer }: PictureQuestion): 'yes or no' | 'shape' | 'colour' {
  if (['yes', 'no'].includes(answer)) return 'yes or no';
  return ['circle', 'rectangle', 'triangle'].includes(answer) ? 'shape' : 'colour';
}
