import { CrossmodalError, type Encoder, isSavedModel, type ModelFiles, readConfig } from '@crossmodal/core';
import {
  type EncoderDecoder,
  encoderFiles,
  loadEncoderDecoder,
  type SequenceTokenizer,
} from '@crossmodal/encoder-decoder';
import { type AudioItem, loadAudioEncoder } from '@crossmodal/encoders-audio';
import { loadTokenizer, openTokenizer } from '@crossmodal/encoders-text';
import { type ImageItem, loadImageEncoder } from '@crossmodal/encoders-vision';

/** What an encoder reads, by its modality. */
interface Items {
  image: ImageItem;
  audio: AudioItem;
}

const readers = {
  image: { load: loadImageEncoder, command: 'caption', other: 'audio' },
  audio: { load: loadAudioEncoder, command: 'transcribe', other: 'image' },
} as const;

/**
 * The encoder inside of a folder, of the modality that is asked for.
 *
 * @throws CrossmodalError that names the command for the other modality, where it is of that; and what the loader throws
 */
export async function loadInnerEncoder<M extends keyof Items>(
  files: ModelFiles,
  { where, folder, modality }: { where: string; folder: string; modality: M },
): Promise<Encoder<Items[M]>> {
  const own = await encoderFiles(files);
  const { load, other } = readers[modality];
  try {
    return (await load(own)) as unknown as Encoder<Items[M]>;
  } catch (error) {
    const found = await readers[other].load(own).catch(() => undefined);
    if (!found) throw error;
    found.dispose();
    throw new CrossmodalError(`${where}: the encoder in ${folder} must be one of ${modality}, it is one of ${other}`, {
      remedy: `use crossmodal ${readers[other].command}`,
      cause: error,
    });
  }
}

/** A model from pictures or recordings to text, of one of our folders or one in Hugging Face's layout. */
export async function loadSequenceModel<M extends keyof Items>(
  files: ModelFiles,
  {
    where,
    folder,
    modality,
    ...task
  }: { where: string; folder: string; modality: M; language?: string; task?: 'transcribe' | 'translate' },
): Promise<EncoderDecoder<Items[M]>> {
  const config = await readConfig(files, 'config.json', { where });
  const tokenizer = isSavedModel(config) ? await openTokenizer(files) : await loadTokenizer(folder);
  const encoder =
    config['model_type'] === 'whisper'
      ? ((await loadAudioEncoder(files)) as unknown as Encoder<Items[M]>)
      : await loadInnerEncoder(files, { where, folder, modality });
  try {
    return await loadEncoderDecoder(files, { encoder, tokenizer: tokenizer as SequenceTokenizer, ...task });
  } catch (error) {
    encoder.dispose();
    throw error;
  }
}
