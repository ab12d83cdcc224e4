import { extname } from 'node:path';

const kinds: Record<string, 'image' | 'audio' | 'text'> = {
  '.avif': 'image',
  '.gif': 'image',
  '.jpeg': 'image',
  '.jpg': 'image',
  '.png': 'image',
  '.svg': 'image',
  '.tif': 'image',
  '.tiff': 'image',
  '.webp': 'image',
  '.txt': 'text',
  '.wav': 'audio',
};

/**
 * What a file holds, by its extension: the formats that the encoder packages decode, and plain text.
 *
 * @example
 * mediaKind('holiday/beach.JPG'); // 'image'
 */
export function mediaKind(name: string): 'image' | 'audio' | 'text' | undefined {
  return kinds[extname(name).toLowerCase()];
}
