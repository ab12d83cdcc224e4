import { type DualEncoder, loadDualEncoder } from '@crossmodal/alignment';
import { CrossmodalError, type Encoder, type ModelFiles } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { loadAudioEncoder } from '@crossmodal/encoders-audio';
import { loadTextEncoder } from '@crossmodal/encoders-text';
import { loadImageEncoder } from '@crossmodal/encoders-vision';
import { isForOtherCommand, modelType, otherModel } from './model-type.js';

/** The modalities that this command trains on. */
export const modalities = ['image', 'text', 'audio'] as const;
export type Modality = (typeof modalities)[number];

const loaders = {
  image: (source: string | ModelFiles) => loadImageEncoder(source),
  text: (source: string | ModelFiles) => loadTextEncoder(source),
  audio: (source: string | ModelFiles) => loadAudioEncoder(source),
};

/** The encoder of a folder, ours or in Hugging Face's layout. */
export function loadEncoder(modality: Modality, folder: string): Promise<Encoder> {
  return loaders[modality](folder) as Promise<Encoder>;
}

/**
 * The dual encoder of a folder that `train` wrote.
 *
 * @throws CrossmodalError when the folder is not there, is of another kind or of other modalities, or is damaged
 */
export async function loadModel(folder: string): Promise<DualEncoder<Modality>> {
  const files = await openFolder(folder);
  const type = await modelType(files, { where: folder });
  if (isForOtherCommand(type)) throw otherModel('model', { folder, type, takes: 'a model that finds' });
  const model = await loadDualEncoder<Modality>(files, { encoders: loaders });
  const other = model.modalities.find((name) => !modalities.includes(name));
  if (other === undefined) return model;
  model.dispose();
  throw new CrossmodalError(`${folder}: modalities must be of ${modalities.join(', ')}, got ${other}`);
}
