import { assertKnownOptions } from '@crossmodal/core';
import type { Decoder } from '@crossmodal/core/data';
import { checkDecoding, type DecodeImageOptions, decodeImage } from './decode-image.js';

/**
 * A decoder for core's pipelines and caches: files to bytes [height, width, 3], on sharp's threads.
 *
 * @example
 * const decoder = cached(imageDecoder({ size: 64 }), { folder: 'cache' });
 */
export function imageDecoder(options: DecodeImageOptions = {}): Decoder {
  assertKnownOptions('imageDecoder', options, ['size', 'fit', 'background', 'kernel']);

  checkDecoding('imageDecoder', options);
  return {
    decode: (item) => decodeImage(item, options),
    settings: { kind: 'image', ...options },
    close: async () => {},
  };
}
