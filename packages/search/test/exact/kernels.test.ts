import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { kernelsModule } from '../../scripts/assemble.js';

test('the assembled kernels are those of the script', async () => {
  const path = new URL('../../src/exact/kernels-module.ts', import.meta.url);
  const constants = (text: string) => [...text.matchAll(/'([A-Za-z0-9+/=]+)'/g)].map(([, base64]) => base64);
  const assembled = constants(await kernelsModule());
  expect(assembled).toHaveLength(2);
  expect(constants(await readFile(path, 'utf8'))).toEqual(assembled);
});
