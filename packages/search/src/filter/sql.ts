import type { CheckedFilter, FilterValue } from './filter.js';

const operators = { atLeast: '>=', atMost: '<=', above: '>', below: '<' } as const;

/** Column of a field. Names of fields are letters, digits and underscores: checked when a store is made. */
export const fieldColumn = (field: string): string => `field_${field}`;

/** The field of a column; undefined for the store's own columns. */
export const fieldOfColumn = (column: string): string | undefined => /^field_(.*)$/.exec(column)?.[1];

/** A text as an SQL literal: the only character with a meaning between single quotes is the quote, which is doubled. */
export const textLiteral = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Numbers, and booleans as 0 and 1, are compared as doubles, which their columns hold. */
function literal(value: FilterValue): string {
  return typeof value === 'string' ? textLiteral(value) : `CAST(${textLiteral(String(Number(value)))} AS DOUBLE)`;
}

/**
 * The filter as an SQL condition that is never null. Nothing of it is taken over as it is: fields are columns of the table,
 * values are literals.
 */
export function sqlCondition(filter: CheckedFilter): string {
  switch (filter.kind) {
    case 'and':
      return filter.parts.length === 0 ? 'TRUE' : `(${filter.parts.map(sqlCondition).join(' AND ')})`;
    case 'or':
      return filter.parts.length === 0 ? 'FALSE' : `(${filter.parts.map(sqlCondition).join(' OR ')})`;
    case 'not':
      return `(NOT ${sqlCondition(filter.part)})`;
    case 'in': {
      if (filter.values.length === 0) return 'FALSE';
      const column = fieldColumn(filter.field);
      return `(${column} IS NOT NULL AND ${column} IN (${filter.values.map(literal).join(', ')}))`;
    }
    case 'range': {
      const column = fieldColumn(filter.field);
      const comparisons = filter.bounds.map(([name, limit]) => `${column} ${operators[name]} ${literal(limit)}`);
      return `(${column} IS NOT NULL AND ${comparisons.join(' AND ')})`;
    }
  }
}
