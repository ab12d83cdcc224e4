import * as tfl from '@tensorflow/tfjs-layers';
import { assertBackend } from '../assert-backend.js';
import { seedsByName } from '../layer-seeds.js';
import { Random } from '../random/random.js';

type Initializer = ReturnType<typeof tfl.initializers.zeros>;

/**
 * Seeded initialisers for the layers of one network: each layer's weights depend on the seed and the layer's name alone.
 *
 * @example
 * const seeds = new LayerSeeds(1, 'my-network');
 * const layer = tfl.layers.dense({ units: 4, inputShape: [3], kernelInitializer: seeds.glorot('hidden'), name: 'hidden' });
 */
export class LayerSeeds {
  /** A seed for something else in the layer of that name. */
  readonly integer: (layer: string) => number;

  constructor(seed: number | string, network: string) {
    assertBackend(network); // the layers draw their weights next
    this.integer = seedsByName(new Random(seed).fork(network));
  }

  /** N(0, deviation^2), as DCGAN initialises its convolutions. */
  normal(layer: string, deviation = 0.02): Initializer {
    return tfl.initializers.randomNormal({ mean: 0, stddev: deviation, seed: this.integer(layer) });
  }

  /** Uniform, by Glorot and Bengio (2010), equation 16. */
  glorot(layer: string): Initializer {
    return tfl.initializers.glorotUniform({ seed: this.integer(layer) });
  }

  /** Normal, by He et al. (2015), equation 10. */
  he(layer: string): Initializer {
    return tfl.initializers.heNormal({ seed: this.integer(layer) });
  }
}
