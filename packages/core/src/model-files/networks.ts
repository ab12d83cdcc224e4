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

/** Makes a model of its layers: `networkOfLayers` of `@crossmodal/core/layers`. */
export type NetworkMaker = (topology: Readonly<Record<string, unknown>>) => Promise<LayersModel>;

/**
 * A model of tfjs-layers from the file that `networkFile` wrote, with fresh weights.
 *
 * @throws CrossmodalError when the file is missing, damaged, or names layers that do not exist
 */
export async function networkOf(
  files: ModelFiles,
  name: string,
  { where, make, within }: { where: string; make: NetworkMaker | undefined; within: <T>(make: () => T) => T },
): Promise<LayersModel> {
  const topology = await readConfig(files, name, { where });
  const { label } = files.get(name)!;
  if (!make) {
    throw new CrossmodalError(`${where}: ${label}: nothing makes models of layers here`, {
      remedy: 'pass { networks: networkOfLayers } of @crossmodal/core/layers',
    });
  }
  try {
    return await within(() => make(topology));
  } catch (cause) {
    if (CrossmodalError.isInstance(cause)) throw cause;
    throw new CrossmodalError(`${where}: ${label}: its layers cannot be built: ${(cause as Error).message}`, {
      remedy: 'copy the file again; layers of your own must be registered with tf.serialization.registerClass',
      cause,
    });
  }
}
