import { CrossmodalError } from '@crossmodal/core';
import type { Fields, FieldType } from '../fields.js';

export type FilterValue = string | number | boolean;

/** The bounds of a range; each may be left out, but not all. Texts are ordered by UTF-16 code units, numbers as usual. */
export interface Range {
  /** ≥ */
  atLeast?: string | number;
  /** ≤ */
  atMost?: string | number;
  /** > */
  above?: string | number;
  /** < */
  below?: string | number;
}

/**
 * Which items a search may answer with, as plain JSON: `{ field: 'label', equals: 'cat' }`, `{ field: 'label', in: ['cat', 'dog'] }`,
 * `{ field: 'year', atLeast: 1990, below: 2000 }`, joined by `{ and: [...] }`, `{ or: [...] }` and `{ not: ... }`.
 *
 * An item that lacks the field satisfies no comparison, and therefore does satisfy its negation. `and` of nothing accepts all,
 * `or` of nothing none.
 */
export type Filter =
  | { field: string; equals: FilterValue }
  | { field: string; in: readonly FilterValue[] }
  | ({ field: string } & Range)
  | { and: readonly Filter[] }
  | { or: readonly Filter[] }
  | { not: Filter };

export const bounds = ['atLeast', 'atMost', 'above', 'below'] as const;

/** A filter after its check, in a form in which each kind has a name. */
export type CheckedFilter =
  | { kind: 'in'; field: string; values: readonly FilterValue[] }
  | { kind: 'range'; field: string; bounds: readonly [(typeof bounds)[number], string | number][] }
  | { kind: 'and' | 'or'; parts: readonly CheckedFilter[] }
  | { kind: 'not'; part: CheckedFilter };

// A filter may come from a request: nesting is bounded so that no request exhausts the stack, lists so that none is endless.
const deepest = 32;
const longest = 10_000;

/**
 * Checks a filter, which may come from outside, against the fields of a store.
 *
 * @throws CrossmodalError that says which part is wrong, and what would be right
 */
export function checkFilter(where: string, filter: unknown, fields: Fields, depth = 0): CheckedFilter {
  const refuse = (problem: string, remedy?: string): never => {
    throw new CrossmodalError(`${where}: ${problem}, got ${shorten(filter)}`, { remedy });
  };
  if (depth > deepest) refuse(`a filter must be nested at most ${deepest} deep`);
  if (typeof filter !== 'object' || filter === null || Array.isArray(filter)) refuse('a filter must be an object');
  const parts = filter as Record<string, unknown>;
  const names = Object.keys(parts).filter((name) => parts[name] !== undefined);
  const only = (...allowed: string[]) => {
    const other = names.find((name) => !allowed.includes(name));
    if (other !== undefined) refuse(`a filter with '${allowed.at(-1)}' must not have '${other}'`);
  };
  for (const kind of ['and', 'or'] as const) {
    if (!names.includes(kind)) continue;
    only(kind);
    const list = parts[kind];
    if (!Array.isArray(list) || list.length > longest) refuse(`'${kind}' must be a list of at most ${longest} filters`);
    return { kind, parts: (list as unknown[]).map((part) => checkFilter(where, part, fields, depth + 1)) };
  }
  if (names.includes('not')) {
    only('not');
    return { kind: 'not', part: checkFilter(where, parts['not'], fields, depth + 1) };
  }
  const field = parts['field'];
  if (typeof field !== 'string') refuse("a filter must have 'field', 'and', 'or' or 'not'");
  const type = Object.hasOwn(fields, field as string) ? fields[field as string] : undefined;
  if (!type) {
    const all = Object.keys(fields).join(', ') || 'none';
    return refuse(
      `the store has no field '${field}' to filter by, it has ${all}`,
      'name it in fields when the store is made',
    );
  }
  const value = (name: string, candidate: unknown): FilterValue => {
    if (!isOfType(candidate, type)) refuse(`'${name}' must be a ${type}, as field '${field}' is`);
    return candidate as FilterValue;
  };
  if (names.includes('equals')) {
    only('field', 'equals');
    return { kind: 'in', field: field as string, values: [value('equals', parts['equals'])] };
  }
  if (names.includes('in')) {
    only('field', 'in');
    const list = parts['in'];
    if (!Array.isArray(list) || list.length > longest) refuse(`'in' must be a list of at most ${longest} values`);
    return { kind: 'in', field: field as string, values: (list as unknown[]).map((item) => value('in', item)) };
  }
  only('field', ...bounds);
  if (type === 'boolean') refuse(`field '${field}' is a boolean and has no order`, "use 'equals'");
  const limits = bounds.filter((name) => names.includes(name));
  if (limits.length === 0) refuse(`a filter on a field must have 'equals', 'in', ${bounds.join(', ')}`);
  return {
    kind: 'range',
    field: field as string,
    bounds: limits.map((name) => [name, value(name, parts[name]) as string | number]),
  };
}

/** Whether a value may stand in a field of that type; numbers must be finite, texts without halves of surrogate pairs. */
export function isOfType(value: unknown, type: FieldType): boolean {
  if (typeof value !== type) return false;
  return typeof value === 'number' ? Number.isFinite(value) : typeof value !== 'string' || isWellFormed(value);
}

/** Without halves of surrogate pairs, which have no UTF-8 form. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function shorten(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    text = undefined;
  }
  text ??= String(value);
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
