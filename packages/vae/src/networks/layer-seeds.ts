import { assertBackend, Random } from '@crossmodal/core';
import * as tfl from '@tensorflow/tfjs-layers';

type Initializer = ReturnType<typeof tfl.initializers.zeros>;

/** Seeded initialisers for the layers of one network: each layer's weights depend on the seed and the layer's name alone. */
export class LayerSeeds {
  readonly #random: Random;

  constructor(seed: number | string, network: string) {
    assertBackend(network); // the layers draw their weights next
    this.#random = new Random(seed).fork(network);
  }

  #seed(layer: string): number {
    return this.#random.fork(layer).integer(2 ** 31);
  }

  glorot(layer: string): Initializer {
    return tfl.initializers.glorotUniform({ seed: this.#seed(layer) });
  }

  he(layer: string): Initializer {
    return tfl.initializers.heNormal({ seed: this.#seed(layer) });
  }
}
