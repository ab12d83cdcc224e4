import type { Structure } from '../compile/container.js';

/**
 * Names for the tensors of a container, in the order of `flatten`: keys of records and numbers in lists, joined by
 * dots. `single` names a tensor that stands alone, and what is in an unnamed list.
 */
export function defaultNames(structure: Structure, single: string): string[] {
  const names: string[] = [];
  const visit = (part: Structure, path: string): void => {
    const below = (key: string | number): string =>
      path === '' ? (typeof key === 'number' ? `${single}_${key}` : key) : `${path}.${key}`;
    if (part.kind === 'tensor') names.push(path === '' ? single : path);
    else if (part.kind === 'list') for (const [i, item] of part.items.entries()) visit(item, below(i));
    else if (part.kind === 'record') for (const [key, item] of part.items) visit(item, below(key));
  };
  visit(structure, '');
  return names;
}

/** The names that the caller asked for, or the default ones. @throws when their number is wrong or two are equal. */
export function chosenNames(names: readonly string[] | undefined, defaults: readonly string[], what: string): string[] {
  if (names !== undefined && names.length !== defaults.length) {
    throw new Error(
      `exportOnnx: ${what} must name each of the ${defaults.length} tensors (${defaults.join(', ')}), got ${names.length} names`,
    );
  }
  return (names ?? defaults).slice();
}

/** @throws when a name cannot stand in the file. */
export function assertNames(names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (name === '' || name.startsWith('/'))
      throw new Error(`exportOnnx: a name must not be empty or begin with a slash, got '${name}'`);
    if (seen.has(name))
      throw new Error(
        `exportOnnx: names of inputs, outputs and variables must differ, '${name}' occurs twice; choose others with inputNames and outputNames`,
      );
    seen.add(name);
  }
}
