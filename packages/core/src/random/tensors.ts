import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { assertBackend } from '../assert-backend.js';
import { hostInput } from '../compile/host-input.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { normalFromKey, uniformFromKey } from './fill.js';
import { Random } from './random.js';
import { nextInStep } from './step-scope.js';
import type { Words } from './threefry.js';

/** The key of a draw: by (step, index within the step, part of the batch) inside a training step, the generator's next one outside. */
function keySource(random: Random): () => Words {
  const place = nextInStep(random);
  return place ? () => random.drawKey([place.clock.step, place.index, place.clock.part]) : () => random.drawKey();
}

function checkRandom(caller: string, random: unknown): asserts random is Random {
  assertBackend(caller);
  if (!(random instanceof Random)) {
    throw new CrossmodalError(`${caller}: options.random must be a Random, got ${typeof random}`, {
      remedy: 'pass { random: new Random(seed) }',
    });
  }
}

/**
 * A tensor of independent normal values, fresh at each replay of a compiled function.
 *
 * @param shape any shape; float32.
 * @throws CrossmodalError without a generator.
 * @example
 * const noise = randomNormal([64, 100], { random: new Random(3) });
 */
export function randomNormal<T extends Tensor = Tensor>(
  shape: number[],
  {
    random,
    mean = 0,
    standardDeviation = 1,
    ...others
  }: {
    random: Random;
    /** @default 0 */
    mean?: number;
    /** @default 1 */
    standardDeviation?: number;
  },
): T {
  assertKnownOptions('randomNormal', others, ['random', 'mean', 'standardDeviation']);
  checkRandom('randomNormal', random);
  const key = keySource(random);
  return hostInput(shape, 'float32', (out) => {
    const values = out as Float32Array;
    normalFromKey(key(), values);
    if (mean !== 0 || standardDeviation !== 1) {
      for (let i = 0; i < values.length; i++) values[i] = mean + standardDeviation * (values[i] as number);
    }
  }) as T;
}

/**
 * A tensor of independent values uniform in [low, high), fresh at each replay of a compiled function.
 *
 * @param shape any shape; float32.
 * @throws CrossmodalError without a generator.
 * @example
 * const mixing = randomUniform([64, 1], { random: new Random(3) });
 */
export function randomUniform<T extends Tensor = Tensor>(
  shape: number[],
  {
    random,
    low = 0,
    high = 1,
    ...others
  }: {
    random: Random;
    /** @default 0 */
    low?: number;
    /** @default 1 */
    high?: number;
  },
): T {
  assertKnownOptions('randomUniform', others, ['random', 'low', 'high']);
  checkRandom('randomUniform', random);
  const key = keySource(random);
  return hostInput(shape, 'float32', (out) => {
    const values = out as Float32Array;
    uniformFromKey(key(), values);
    if (low !== 0 || high !== 1) {
      for (let i = 0; i < values.length; i++) values[i] = low + (high - low) * (values[i] as number);
    }
  }) as T;
}

/**
 * A tensor of ones with probability `probability` and zeros else, fresh at each replay of a compiled function.
 *
 * @param shape any shape; float32.
 * @example
 * const kept = randomMask([64, 10], { random: new Random(3), probability: 0.9 });
 */
export function randomMask<T extends Tensor = Tensor>(
  shape: number[],
  {
    random,
    probability = 0.5,
    ...others
  }: {
    random: Random;
    /** @default 0.5 */
    probability?: number;
  },
): T {
  assertKnownOptions('randomMask', others, ['random', 'probability']);
  checkRandom('randomMask', random);
  const key = keySource(random);
  return hostInput(shape, 'float32', (out) => {
    const values = out as Float32Array;
    uniformFromKey(key(), values);
    for (let i = 0; i < values.length; i++) values[i] = (values[i] as number) < probability ? 1 : 0;
  }) as T;
}

/**
 * A random permutation of 0 ... n - 1, fresh at each replay of a compiled function; for mismatched pairs and shuffles.
 *
 * @returns [n], int32
 * @example
 * const mismatched = tf.gather(tf.tensor1d([10, 20, 30]), randomPermutation(3, { random: new Random(3) }));
 */
export function randomPermutation(n: number, { random, ...others }: { random: Random }): Tensor1D {
  assertKnownOptions('randomPermutation', others, ['random']);
  checkRandom('randomPermutation', random);
  const key = keySource(random);
  return hostInput([n], 'int32', (out) => {
    const [low, high] = key();
    const order = Random.fromState({ generator: 'threefry2x32-20', key: [low, high], draws: 0 }).shuffle(
      Array.from({ length: n }, (_, i) => i),
    );
    for (let i = 0; i < n; i++) out[i] = order[i] as number;
  }) as Tensor1D;
}
