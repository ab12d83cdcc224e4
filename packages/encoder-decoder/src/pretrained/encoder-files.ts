import {
  CrossmodalError,
  isSavedModel,
  type ModelFile,
  type ModelFiles,
  memoryFile,
  openWeights,
  readConfig,
  subfolder,
} from '@crossmodal/core';
import { type StoredTensor, safetensorsPieces } from '@crossmodal/core/safetensors';

/**
 * The files of the encoder within those of a model, as a loader of an encoder package takes them: of a model of this package its
 * subfolder, of a vision-encoder-decoder folder its configuration, weights and preprocessing. Whisper's encoder is loaded from the
 * whole folder.
 *
 * @throws CrossmodalError when the files are of neither
 * @example
 * const encoder = await loadImageEncoder(await encoderFiles(files));
 */
export async function encoderFiles(files: ModelFiles): Promise<ModelFiles> {
  const where = 'encoderFiles';
  const config = await readConfig(files, 'config.json', { where });
  if (isSavedModel(config)) return subfolder(files, 'encoder');
  if (config['model_type'] !== 'vision-encoder-decoder' || typeof config['encoder'] !== 'object') {
    throw new CrossmodalError(
      `${where}: the files must be of a model of this package or of the family vision-encoder-decoder, got ${JSON.stringify(config['model_type'])}`,
      { remedy: 'Whisper’s encoder is loaded from the whole folder' },
    );
  }
  const weights = await openWeights(files, { where });
  const tensors = new Map<string, StoredTensor>();
  for (const name of weights.entries.keys()) {
    if (name.startsWith('encoder.')) tensors.set(name.slice('encoder.'.length), await weights.read(name));
  }
  const own = new Map<string, ModelFile>([
    [
      'config.json',
      memoryFile(JSON.stringify(config['encoder']), { label: `${files.get('config.json')!.label}: encoder` }),
    ],
    ['model.safetensors', memoryFile(safetensorsPieces(tensors), { label: `${weights.label}: encoder` })],
  ]);
  const preprocessing = files.get('preprocessor_config.json');
  if (preprocessing) own.set('preprocessor_config.json', preprocessing);
  return own;
}
