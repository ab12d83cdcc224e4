import type { Metadata } from '../vector-store.js';
import type { CheckedFilter } from './filter.js';

export type Predicate = (metadata: Metadata) => boolean;

/** The filter as a function of an item's metadata. */
export function predicate(filter: CheckedFilter): Predicate {
  switch (filter.kind) {
    case 'and': {
      const parts = filter.parts.map(predicate);
      return (metadata) => parts.every((part) => part(metadata));
    }
    case 'or': {
      const parts = filter.parts.map(predicate);
      return (metadata) => parts.some((part) => part(metadata));
    }
    case 'not': {
      const part = predicate(filter.part);
      return (metadata) => !part(metadata);
    }
    case 'in': {
      const { field } = filter;
      const values = new Set<unknown>(filter.values);
      return (metadata) => Object.hasOwn(metadata, field) && values.has(metadata[field]);
    }
    case 'range': {
      const { field, bounds } = filter;
      return (metadata) => {
        if (!Object.hasOwn(metadata, field)) return false;
        const value = metadata[field] as string | number;
        return bounds.every(([name, limit]) => {
          if (name === 'atLeast') return value >= limit;
          if (name === 'atMost') return value <= limit;
          return name === 'above' ? value > limit : value < limit;
        });
      };
    }
  }
}
