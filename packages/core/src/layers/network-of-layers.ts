import type { LayersModel } from '@tensorflow/tfjs-layers';
import * as tfl from '@tensorflow/tfjs-layers';
import { registerLayers } from './register-layers.js';

/**
 * A model of tfjs-layers from its layers, as `model.toJSON(undefined, false)` gives them, with fresh weights; what
 * `loadSavedModel` needs for models that networks are options of. Layers of your own must be registered with TensorFlow.js.
 *
 * @throws Error of TensorFlow.js when a layer does not exist or cannot be built
 * @example
 * const again = await networkOfLayers(model.toJSON(undefined, false) as Record<string, unknown>);
 */
export function networkOfLayers(topology: Readonly<Record<string, unknown>>): Promise<LayersModel> {
  registerLayers();
  return tfl.models.modelFromJSON({ modelTopology: topology as never });
}
