import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { MakeCase } from './case.js';
import { cases, onlyOnHost } from './cases.js';
import { complexCases } from './networks.js';
import { play, registerBoth } from './play.js';

beforeAll(registerBoth);

/** Seeds of the short form; `npm run differential` tries others. */
const SEEDS = [1, 2, 3];

async function compare(kernel: string, make: MakeCase): Promise<void> {
  for (const seed of SEEDS)
    for (const special of [false, true]) expect(await play(kernel, make, { seed, special })).toEqual([]);
}

describe('a kernel gives the same at once, recorded and compiled, and what its definition says', () => {
  it('every kernel of the registration table has a case', () => {
    const registered = tf.getKernelsForBackend('onnx').map(({ kernelName }) => kernelName);
    expect(registered.filter((name) => !(name in cases) && !onlyOnHost.has(name))).toEqual([]);
    expect([...Object.keys(cases), ...onlyOnHost].filter((name) => !registered.includes(name))).toEqual([]);
  });

  it.each(Object.entries(cases))('%s', compare);

  it.each(Object.entries(complexCases))('%s of complex numbers', compare);
});
