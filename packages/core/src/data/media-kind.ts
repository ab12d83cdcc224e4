import { extname } from 'node:path';

const kinds: Record<string, 'image' | 'audio' | 'text'> = {
  '.avif': 'image',
  '.gif': 'image',
  '.jfif': 'image',
  '.jif': 'image',
  '.jpe': 'image',
  '.jpeg': 'image',
  '.jpg': 'image',
  '.pjpeg': 'image',
  '.png': 'image',
  '.svg': 'image',
  '.tif': 'image',
  '.tiff': 'image',
  '.webp': 'image',
  '.txt': 'text',
  '.flac': 'audio',
  '.m4a': 'audio',
  '.mp3': 'audio',
  '.oga': 'audio',
  '.ogg': 'audio',
  '.opus': 'audio',
  '.wav': 'audio',
  '.wave': 'audio',
};

/** Pictures and recordings that the encoder packages do not decode. */
const unread = new Set(
  '.bmp .dng .heic .heif .ico .j2k .jp2 .jxl .pbm .pgm .ppm .psd .tga .aac .aif .aiff .wma'.split(' '),
);

/**
 * What a file holds, by its extension: the formats that the encoder packages decode, and plain text.
 *
 * @example
 * mediaKind('holiday/beach.JPG'); // 'image'
 */
export function mediaKind(name: string): 'image' | 'audio' | 'text' | undefined {
  return kinds[extname(name).toLowerCase()];
}

/** Whether a file is a picture or a recording of a kind that is not decoded: to be named, not passed over. */
export function isUnreadMedia(name: string): boolean {
  return unread.has(extname(name).toLowerCase());
}
