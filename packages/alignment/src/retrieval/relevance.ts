import { CrossmodalError, requireOneOf } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** A class name, a caption, an image identifier: whatever two items share when one is a right answer for the other. */
export type Label = string | number;

/**
 * Which gallery items are right answers for which query.
 *
 * - `'diagonal'`: item i of the gallery for query i, and only that one;
 * - `{ queries, gallery }`: equal labels (classes, or the identifier of the image that a caption belongs to);
 * - a list per query of gallery positions;
 * - a matrix of grades [queries, gallery], 0 for irrelevant (NDCG uses the grade as linear gain);
 * - a function of both positions that returns a grade or a boolean.
 */
export type Relevance =
  | 'diagonal'
  | { readonly queries: ArrayLike<Label>; readonly gallery: ArrayLike<Label> }
  | readonly (readonly number[])[]
  | Tensor2D
  | ((query: number, item: number) => number | boolean);

/** Right answers of one query: positions in the gallery and their grades, of equal length. */
export interface RelevantItems {
  items: number[];
  grades: number[];
}

function isTensor(relevant: object): relevant is Tensor2D {
  return 'dataId' in relevant;
}

function checkSizes(what: string, actual: number, expected: number): void {
  if (actual !== expected)
    throw new CrossmodalError(`relevance: there must be one ${what}, got ${actual} for ${expected}`);
}

/** Text or number. @throws CrossmodalError for what is neither, and for numbers that may have lost digits. */
function kindOfLabel(name: string, labels: ArrayLike<Label>, index: number): string {
  const label: unknown = labels[index];
  if (typeof label === 'string') return 'text';
  if (typeof label !== 'number' || Number.isNaN(label) || Math.abs(label) > Number.MAX_SAFE_INTEGER) {
    throw new CrossmodalError(
      `relevance: labels must be texts or numbers up to 2^53 - 1, got ${String(label)} for ${name} ${index}`,
      { remedy: 'pass larger identifiers as text' },
    );
  }
  if (labels instanceof Float32Array && Math.abs(label) >= 2 ** 24) {
    throw new CrossmodalError(
      `relevance: labels in a Float32Array must be below 2^24, which it cannot tell apart beyond, got ${label} for ${name} ${index}`,
      { remedy: 'use Int32Array, Float64Array or an array' },
    );
  }
  return 'number';
}

function byLabel(queryLabels: ArrayLike<Label>, galleryLabels: ArrayLike<Label>, queries: number, gallery: number) {
  checkSizes('label per query', queryLabels.length, queries);
  checkSizes('label per gallery item', galleryLabels.length, gallery);
  const kinds = new Set<string>();
  for (const [name, labels] of Object.entries({ queries: queryLabels, gallery: galleryLabels })) {
    for (let i = 0; i < labels.length; i++) kinds.add(kindOfLabel(name, labels, i));
  }
  if (kinds.size > 1) {
    throw new CrossmodalError('relevance: labels of queries and gallery must be of one kind, got numbers and texts', {
      remedy: 'convert them with String or Number, so that equal ones are equal',
    });
  }
  const positions = new Map<Label, number[]>();
  for (let j = 0; j < gallery; j++) {
    const label = galleryLabels[j] as Label;
    const list = positions.get(label);
    if (list) list.push(j);
    else positions.set(label, [j]);
  }
  const empty: number[] = [];
  return (query: number): RelevantItems => {
    const items = positions.get(queryLabels[query] as Label) ?? empty;
    return { items, grades: items.map(() => 1) };
  };
}

function byGrade(grade: (query: number, item: number) => number | boolean, gallery: number) {
  return (query: number): RelevantItems => {
    const items: number[] = [];
    const grades: number[] = [];
    for (let j = 0; j < gallery; j++) {
      const value = Number(grade(query, j));
      if (!Number.isFinite(value) || value < 0) {
        throw new CrossmodalError(
          `relevance: grades must be finite and not negative, got ${value} at [${query}, ${j}]`,
        );
      }
      if (value > 0) {
        items.push(j);
        grades.push(value);
      }
    }
    return { items, grades };
  };
}

/**
 * Reads any form of `Relevance` into one function from a query to its right answers.
 *
 * @throws CrossmodalError when sizes do not fit or a position or grade is impossible
 */
export async function readRelevance(
  relevant: Relevance,
  queries: number,
  gallery: number,
): Promise<(query: number) => RelevantItems> {
  if (relevant === 'diagonal') {
    if (queries !== gallery) {
      throw new CrossmodalError(
        `relevance: 'diagonal' needs as many queries as gallery items, got ${queries} and ${gallery}`,
        {
          remedy: 'pass { queries: labels, gallery: labels }',
        },
      );
    }
    return (query) => ({ items: [query], grades: [1] });
  }
  if (typeof relevant === 'string') requireOneOf('relevance', relevant as string, ['diagonal']);
  if (typeof relevant === 'function') return byGrade(relevant, gallery);
  if (Array.isArray(relevant)) {
    const lists = relevant as readonly (readonly number[])[];
    checkSizes('list per query', lists.length, queries);
    return (query) => {
      const items = [...new Set(lists[query])];
      const wrong = items.find((item) => !Number.isInteger(item) || item < 0 || item >= gallery);
      if (wrong !== undefined) {
        throw new CrossmodalError(`relevance: positions must lie in [0, ${gallery}), got ${wrong} for query ${query}`);
      }
      return { items, grades: items.map(() => 1) };
    };
  }
  const given = relevant as Tensor2D | { queries: ArrayLike<Label>; gallery: ArrayLike<Label> };
  if (isTensor(given)) {
    if (given.shape[0] !== queries || given.shape[1] !== gallery) {
      throw new CrossmodalError(`relevance: grades must have shape [${queries}, ${gallery}], got [${given.shape}]`);
    }
    const grades = await given.data();
    return byGrade((query, item) => grades[query * gallery + item] as number, gallery);
  }
  return byLabel(given.queries, given.gallery, queries, gallery);
}
