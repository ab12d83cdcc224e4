import { CrossmodalError } from './errors.js';
import { Random } from './random/random.js';

/**
 * A seed for each layer, by name, that follows from one: layers draw independent weights, the same in every process.
 *
 * @param where the function that was given the seed, for messages
 * @throws CrossmodalError when there is no seed, or one that is neither a whole number nor a text
 * @example
 * const seedOf = layerSeeds('myEncoder', 1);
 * const initializer = tfl.initializers.heNormal({ seed: seedOf('convolution1') });
 */
export function layerSeeds(where: string, seed: number | string): (name: string) => number {
  if (typeof seed !== 'string' && !Number.isSafeInteger(seed)) {
    throw new CrossmodalError(`${where}: seed must be a whole number or a text, got ${String(seed)}`, {
      remedy: 'pass seed: 1; the same seed gives the same weights',
    });
  }
  return seedsByName(new Random(seed));
}

/** A seed for each name that follows from a generator, as the initialisers of tfjs-layers take it. */
export function seedsByName(random: Random): (name: string) => number {
  return (name) => random.fork(name).integer(2 ** 31);
}
