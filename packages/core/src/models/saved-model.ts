import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as tfl from '@tensorflow/tfjs-layers';
import { writeAtomically } from '../checkpoint/atomic-write.js';
import { loadVariables, saveVariables } from '../checkpoint/variables.js';
import { CrossmodalError } from '../errors.js';
import { registerLayers } from '../layers/register-layers.js';
import { namedVariables } from '../variables.js';

const format = 'crossmodal-model';
const version = 1;

/**
 * Saves a model of tfjs-layers in a folder: `model.json` (its layers) and `weights.safetensors`. What was saved on one device
 * loads on any other.
 *
 * @throws CrossmodalError when the model has no weights yet
 * @example
 * await saveModel('models/classifier', model);
 */
export async function saveModel(folder: string, model: tfl.LayersModel): Promise<void> {
  const variables = namedVariables(model);
  const topology = model.toJSON(undefined, false) as object;
  const json = Buffer.from(JSON.stringify({ format, version, topology }));
  await saveVariables(join(folder, 'weights.safetensors'), variables, { metadata: { format } });
  await writeAtomically(join(folder, 'model.json'), [json]);
}

/**
 * Loads a model that `saveModel` saved, onto the current device.
 *
 * @throws CrossmodalError with the file and the reason when it is not there, foreign, damaged, or does not fit
 * @example
 * const model = await loadModel('models/classifier');
 */
export async function loadModel(folder: string): Promise<tfl.LayersModel> {
  const path = join(folder, 'model.json');
  const refuse = (reason: string, cause?: unknown) => new CrossmodalError(`loadModel: ${path}: ${reason}`, { cause });
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw refuse(`cannot be read: ${error.message}`, error);
  });
  let saved: Record<string, unknown>;
  try {
    saved = JSON.parse(text) as Record<string, unknown>;
  } catch (error) {
    throw refuse('is not JSON', error);
  }
  if (saved?.['format'] !== format) throw refuse('is not a model of this package');
  if (saved['version'] !== version)
    throw refuse(`has version ${String(saved['version'])}, this package reads ${version}`);
  registerLayers();
  let model: tfl.LayersModel;
  try {
    model = await tfl.models.modelFromJSON({ modelTopology: saved['topology'] as never });
  } catch (error) {
    throw refuse(`its layers cannot be built: ${(error as Error).message}`, error);
  }
  try {
    await loadVariables(join(folder, 'weights.safetensors'), namedVariables(model));
  } catch (error) {
    model.dispose();
    throw error;
  }
  return model;
}
