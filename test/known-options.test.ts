import { describe, expect, it } from 'vitest';
import { optionTakers } from './option-takers.js';

/**
 * Every public function and class that takes an options object must refuse options that do not exist. The names it knows are compared with
 * the type, so that neither a new function nor a new option can be forgotten.
 */
describe('options that do not exist', () => {
  const takers = optionTakers();

  it('are looked for in more than a hundred functions', () => {
    expect(takers.length).toBeGreaterThan(150);
    expect(takers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['infoNce', 'convolutionalEncoder', 'manifest', 'adamW']),
    );
  });

  it.each(takers.map((taker) => [taker.name, taker] as const))('are refused by %s', (name, { file, options, body }) => {
    const call = new RegExp(
      `assertKnownOptions\\('${name}',\\s*\\w+,\\s*(\\[[^\\]]*\\]|\\{[^}]*\\}|known\\w*|\\w*[oO]ptionNames)`,
    ).exec(body);
    expect(call, `${file}: ${name} must call assertKnownOptions('${name}', ...)`).not.toBeNull();
    const list = call?.[1] as string;
    // A constant object of names is compared with the type by the compiler.
    if (/^\w+$/.test(list)) return;
    const names = list.startsWith('[')
      ? [...list.matchAll(/'([^']+)'/g)].map(([, option]) => option)
      : [...list.matchAll(/(\w+): true/g)].map(([, option]) => option);
    expect(names.sort(), `${file}: the names that ${name} knows`).toEqual([...options].sort());
  });
});
