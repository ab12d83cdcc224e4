/**
 * Keys whose numbers a JSON text writes as floats though they are whole, as in `"scale": 1.0`. JavaScript knows one kind of
 * number; strict readers in other languages refuse a whole one where they want a float.
 */
export function floatKeys(text: string): Set<string> {
  const keys = new Set<string>();
  let key = '';
  for (const [token, name, colon] of text.matchAll(/"((?:[^"\\]|\\.)*)"(\s*:)?|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    if (name !== undefined) {
      if (colon !== undefined) key = name;
    } else if (/[.eE]/.test(token) && Number.isInteger(Number(token))) {
      keys.add(key);
    }
  }
  return keys;
}

const marker = '\u0000float:';

/** A value as JSON, whole numbers under these keys written as floats. */
export function jsonText(value: unknown, keys: ReadonlySet<string>): string {
  const marked = (inner: unknown, key: string): unknown => {
    if (typeof inner === 'number' && Number.isInteger(inner) && keys.has(key)) return `${marker}${inner}.0`;
    if (Array.isArray(inner)) return inner.map((entry) => marked(entry, key));
    if (typeof inner !== 'object' || inner === null) return inner;
    return Object.fromEntries(Object.entries(inner).map(([name, entry]) => [name, marked(entry, name)]));
  };
  return JSON.stringify(marked(value, ''), null, 2).replace(/"\\u0000float:([^"]*)"/g, '$1');
}
