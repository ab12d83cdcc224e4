import type { CheckedFilter, FilterValue } from '../filter/filter.js';
import { fieldColumn } from '../filter/sql.js';

const operators = { atLeast: '>=', atMost: '<=', above: '>', below: '<' } as const;
const escapes: Record<string, string> = { '"': '\\"', '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** A text as a literal of Milvus' expressions: between double quotes, quotes, backslashes and ends of lines have a meaning. */
export const textLiteral = (text: string): string =>
  `"${text.replaceAll(/["\\\n\r\t]/g, (character) => escapes[character]!)}"`;

// Ids are never empty: conditions that hold for all items, and for none.
const all = 'id != ""';
const none = 'id == ""';

function literal(value: FilterValue): string {
  return typeof value === 'string' ? textLiteral(value) : String(value);
}

/** The filter as a boolean expression of Milvus, with the meaning of `Filter` for items that lack a field. Values are literals. */
export function milvusExpression(filter: CheckedFilter): string {
  switch (filter.kind) {
    case 'and':
      return filter.parts.length === 0 ? all : `(${filter.parts.map(milvusExpression).join(' and ')})`;
    case 'or':
      return filter.parts.length === 0 ? none : `(${filter.parts.map(milvusExpression).join(' or ')})`;
    case 'not':
      return `(not (${milvusExpression(filter.part)}))`;
    case 'in': {
      const { field, values } = filter;
      if (values.length === 0) return none;
      const column = fieldColumn(field);
      const isOne =
        typeof values[0] === 'boolean'
          ? `(${values.map((value) => `${column} == ${value}`).join(' or ')})`
          : `${column} in [${values.map(literal).join(', ')}]`;
      return `(${column} is not null and ${isOne})`;
    }
    case 'range': {
      const column = fieldColumn(filter.field);
      const comparisons = filter.bounds.map(([name, bound]) => `${column} ${operators[name]} ${literal(bound)}`);
      return `(${column} is not null and ${comparisons.join(' and ')})`;
    }
  }
}
