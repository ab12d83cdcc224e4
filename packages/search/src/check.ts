import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import type { Fields } from './fields.js';
import { isOfType, isWellFormed } from './filter/filter.js';
import type {
  Metadata,
  RecallOptions,
  Similarity,
  VectorItem,
  VectorSearchOptions,
  VectorStoreOptions,
} from './vector-store.js';

export const similarities = ['cosine', 'dot', 'euclidean'] as const;
const types = ['string', 'number', 'boolean'];

/** What a store is, after its check. */
export interface StoreShape {
  readonly dimension: number;
  readonly similarity: Similarity;
  readonly fields: Fields;
}

export function checkShape(
  where: string,
  {
    dimension,
    similarity = 'cosine', // CLIP
    fields = {},
  }: VectorStoreOptions,
): StoreShape {
  requireInteger(`${where}: dimension`, dimension, 1, 2 ** 16);
  if (!similarities.includes(similarity)) {
    throw new CrossmodalError(`${where}: similarity must be ${similarities.join(', ')}, got '${similarity}'`);
  }
  for (const [name, type] of Object.entries(fields)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]{0,63}$/.test(name)) {
      throw new CrossmodalError(
        `${where}: the name of a field must be at most 64 letters, digits and underscores, and not begin with a digit, got '${name}'`,
      );
    }
    if (!types.includes(type)) {
      throw new CrossmodalError(`${where}: field '${name}' must be a ${types.join(', ')}, got '${type}'`);
    }
  }
  return { dimension, similarity, fields: Object.freeze({ ...fields }) };
}

/** Compares the shape that a program expects with that of a store that exists. */
export function checkSameShape(where: string, stored: StoreShape, expected: Partial<VectorStoreOptions>): void {
  const { dimension, similarity, fields } = expected;
  const sorted = (value: Fields) => JSON.stringify(Object.entries(value).sort());
  const refuse = (name: string, has: unknown, got: unknown) => {
    throw new CrossmodalError(`${where}: the store has ${name} ${has}, got ${got}`, {
      remedy: 'leave it out to take the store as it is, or make another store',
    });
  };
  if (dimension !== undefined && dimension !== stored.dimension) refuse('dimension', stored.dimension, dimension);
  if (similarity !== undefined && similarity !== stored.similarity) {
    refuse('similarity', stored.similarity, similarity);
  }
  if (fields !== undefined && sorted(fields) !== sorted(stored.fields)) {
    refuse('fields', JSON.stringify(stored.fields), JSON.stringify(fields));
  }
}

/** Checks an id; gives it back. */
export function checkId(where: string, id: unknown): string {
  if (typeof id !== 'string' || id === '' || !isWellFormed(id)) {
    throw new CrossmodalError(`${where}: an id must be a non-empty, well-formed text, got ${JSON.stringify(id)}`);
  }
  return id;
}

/** Copies a vector's values, as float32, to where they belong. Gives the sum of their squares. */
export function copyVector(
  name: () => string,
  vector: ArrayLike<number>,
  target: Float32Array,
  at: number,
  dimension: number,
): number {
  if (typeof vector !== 'object' || vector === null || vector.length !== dimension) {
    const length = (vector as ArrayLike<number> | null | undefined)?.length;
    throw new CrossmodalError(`${name()} must have ${dimension} values, got ${length ?? String(vector)}`);
  }
  target.set(vector, at);
  let sum = 0;
  for (let d = at; d < at + dimension; d++) sum += target[d]! * target[d]!;
  if (Number.isFinite(sum)) return sum; // no sum of squares of float32 numbers overflows
  const wrong = target.subarray(at, at + dimension).findIndex((value) => !Number.isFinite(value));
  throw new CrossmodalError(`${name()} must be finite in float32, got ${vector[wrong]} at ${wrong}`);
}

/** A copy of metadata, after its check. */
export function checkMetadata(name: () => string, metadata: Metadata, fields: Fields): Metadata {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new CrossmodalError(`${name()}: metadata must be an object, got ${JSON.stringify(metadata)}`);
  }
  const copy: [string, string | number | boolean][] = [];
  for (const key of Object.keys(metadata)) {
    const value: unknown = metadata[key];
    if (value === undefined) continue;
    const type = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (type ? !isOfType(value, type) : !types.some((any) => isOfType(value, any as 'string'))) {
      const expected = type ? `a ${type}` : 'a text, a finite number or a boolean';
      throw new CrossmodalError(`${name()}: metadata '${key}' must be ${expected}, got ${JSON.stringify(value)}`, {
        remedy: 'leave out what is missing, and write lists and objects as text',
      });
    }
    copy.push([key, value as string | number | boolean]);
  }
  return Object.fromEntries(copy); // also of a field called __proto__
}

/** Items after their check, one per id. */
export interface ItemBatch {
  readonly ids: readonly string[];
  /** [items, dimension] */
  readonly vectors: Float32Array;
  /** Squared lengths of the vectors, where they are known. */
  readonly squared?: Float64Array;
  readonly metadata: readonly Metadata[];
}

/** All items of a call, checked and copied; of several with one id, the last. */
export function checkItems(where: string, items: Iterable<VectorItem>, shape: StoreShape): ItemBatch {
  const list = [...items];
  const { dimension, fields } = shape;
  const places = new Map<string, number>();
  const vectors = new Float32Array(list.length * dimension);
  const squared = new Float64Array(list.length);
  const metadata: Metadata[] = [];
  for (const item of list) {
    const id = checkId(where, item?.id);
    const place = places.get(id) ?? places.size;
    places.set(id, place);
    squared[place] = copyVector(
      () => `${where}: the vector of item '${id}'`,
      item.vector,
      vectors,
      place * dimension,
      dimension,
    );
    metadata[place] = item.metadata ? checkMetadata(() => `${where}: item '${id}'`, item.metadata, fields) : {};
  }
  return { ids: [...places.keys()], vectors: vectors.subarray(0, places.size * dimension), squared, metadata };
}

/** Queries as one array, [queries, dimension]. */
export function checkQueries(where: string, queries: readonly ArrayLike<number>[], dimension: number): Float32Array {
  if (!Array.isArray(queries) || queries.some((query) => typeof query === 'number')) {
    throw new CrossmodalError(`${where}: queries must be a list of vectors`, {
      remedy: 'pass [query] for a single one',
    });
  }
  const values = new Float32Array(queries.length * dimension);
  queries.forEach((query: ArrayLike<number>, i) => {
    copyVector(() => `${where}: query ${i}`, query, values, i * dimension, dimension);
  });
  return values;
}

const searchOptions: Record<keyof VectorSearchOptions & keyof RecallOptions, true> = { k: true, filter: true };

export function checkSearchOptions(where: string, options: VectorSearchOptions): { k: number } {
  assertKnownOptions(where, options, searchOptions);
  const { k = 10 } = options;
  requireInteger(`${where}: k`, k);
  return { k };
}
