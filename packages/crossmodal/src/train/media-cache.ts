import { CrossmodalError } from '@crossmodal/core';
import { type Media, mapConcurrently } from '@crossmodal/core/data';
import { type AudioItem, loadWaveform } from '@crossmodal/encoders-audio';
import { type ImageItem, imageDecoder } from '@crossmodal/encoders-vision';
import { isCompressedSound } from '../data/files.js';
import type { Item } from '../data/item.js';
import type { MediaOf } from './batches.js';

/** Decoded pictures may take so much memory; more are decoded anew in each epoch. */
const pictureBytes = 2 ** 30;
/** Samples of compressed recordings, which are decoded once: nine hours. */
const soundBytes = 2 ** 31;

/**
 * Pictures decoded once and held in memory as bytes at the size that the encoder takes, where they fit; else their paths.
 * Compressed recordings as samples; wav files stay paths.
 *
 * @param options.sampleRate that compressed recordings are brought to; their own unless given
 * @throws CrossmodalError when compressed recordings do not fit into memory
 */
export async function decodedMedia(
  items: readonly Item[],
  {
    imageSize,
    sampleRate,
    onProgress,
  }: {
    imageSize: number | undefined;
    sampleRate?: number | undefined;
    onProgress?: (done: number, total: number) => void;
  },
): Promise<MediaOf> {
  const pictures = imageSize === undefined ? [] : items.filter((item) => item.image !== undefined);
  const held = pictures.length * (imageSize ?? 0) ** 2 * 3 <= pictureBytes ? pictures : [];
  const sounds = items.filter(({ audio }) => typeof audio === 'string' && isCompressedSound(audio));
  const decoder = imageDecoder(imageSize === undefined ? {} : { size: imageSize });
  const decoded = new Map<Media, ImageItem | AudioItem>();
  const total = held.length + sounds.length;
  let done = 0;
  let bytes = 0;
  await mapConcurrently(held, async ({ image }) => {
    decoded.set(image as Media, (await decoder.decode(image as Media)) as ImageItem);
    onProgress?.(++done, total);
  });
  await mapConcurrently(sounds, async ({ audio }) => {
    const sound = await loadWaveform(audio as string, sampleRate === undefined ? {} : { sampleRate });
    bytes += sound.samples.byteLength;
    if (bytes > soundBytes) {
      throw new CrossmodalError('train: the compressed recordings do not fit into memory', {
        remedy: 'convert them to wav at 16 kHz',
      });
    }
    decoded.set(audio as Media, sound);
    onProgress?.(++done, total);
  });
  return (modality, item) => decoded.get(item[modality] as Media) ?? item[modality];
}
