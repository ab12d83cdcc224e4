import type { LayersModel } from '@tensorflow/tfjs-layers';
import { CrossmodalError } from '../errors.js';
import { type ModelFile, type ModelFiles, memoryFile, readConfig } from './model-files.js';

/** True for models of tfjs-layers, also those of another copy of it. */
export function isNetwork(value: object): value is LayersModel {
  const { layers, predict, toJSON } = value as Partial<LayersModel>;
  return Array.isArray(layers) && typeof predict === 'function' && typeof toJSON === 'function';
}

/** The layers of a model of tfjs-layers, without their weights. */
export function networkFile(network: LayersModel, label: string): ModelFile {
  return memoryFile(`${JSON.stringify(network.toJSON(undefined, false))}\n`, { label });
}

/**
 * A model of tfjs-layers from the file that `networkFile` wrote, with fresh weights.
 *
 * @throws CrossmodalError when the file is missing, damaged, or names layers that do not exist
 */
export async function networkOf(files: ModelFiles, name: string, { where }: { where: string }): Promise<LayersModel> {
  const topology = await readConfig(files, name, { where });
  // Only who loads a network needs the layers.
  const [{ registerLayers }, tfl] = await Promise.all([
    import('../layers/register-layers.js'),
    import('@tensorflow/tfjs-layers'),
  ]);
  registerLayers();
  try {
    return await tfl.models.modelFromJSON({ modelTopology: topology as never });
  } catch (cause) {
    throw new CrossmodalError(
      `${where}: ${files.get(name)!.label}: its layers cannot be built: ${(cause as Error).message}`,
      {
        remedy: 'copy the file again; layers of your own must be registered with tf.serialization.registerClass',
        cause,
      },
    );
  }
}
