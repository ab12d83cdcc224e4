import { describe, expect, it } from 'vitest';
import { intern, signatures } from '../../src/ir/graph.js';
import { InternedTexts } from '../../src/ir/interned-texts.js';

describe('a table of interned texts', () => {
  it('has one number per text, and never one number for two texts', () => {
    const table = new InternedTexts(100);
    const owners = new Map<number, string>();
    for (let i = 0; i < 10_000; i++) {
      const text = `text ${i % 1000}`;
      const number = table.numberOf(text);
      expect(table.numberOf(text)).toBe(number);
      expect(owners.get(number) ?? text).toBe(text);
      owners.set(number, text);
    }
  });

  it('is bounded, and keeps what is asked for again and again', () => {
    const table = new InternedTexts(1000);
    const first = table.numberOf('in use');
    for (let i = 0; i < 10_000; i++) {
      table.numberOf(`changing attribute ${i}`);
      expect(table.numberOf('in use')).toBe(first);
    }
    expect(table.characters).toBeLessThan(2100);
    expect(table.numberOf('changing attribute 0')).toBeGreaterThan(9999);
  });
});

it('signatures of operations whose attributes always change do not pile up', () => {
  const long = 'x'.repeat(10_000);
  for (let i = 0; i < 4000; i++) intern(`clip by ${i} ${long}`);
  expect(signatures.characters).toBeLessThan(2.1 * signatures.limit);
});
