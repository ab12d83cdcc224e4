import { assertBackend, Random } from '@crossmodal/core';

/** A seed for each layer, by name, that follows from one: layers draw independent weights, the same in every process. */
export function layerSeeds(seed: number): (name: string) => number {
  assertBackend('encoder'); // its layers draw their weights next
  const random = new Random(seed);
  return (name) => random.fork(name).integer(2 ** 31);
}
