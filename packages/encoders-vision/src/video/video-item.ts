import type { ImageItem } from '../image.js';

/**
 * A clip to be encoded: a folder of pictures (in the order of their names, numbers by value), an animated GIF or WebP, an
 * mp4 or webm file, the bytes of one of these files, or a list of frames.
 */
export type VideoItem = string | Uint8Array | readonly ImageItem[];
