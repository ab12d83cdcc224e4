import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { assertKnownOptions, CrossmodalError, requireInteger } from '@crossmodal/core';
import { isUnreadMedia, mediaKind } from '@crossmodal/core/data';
import type { ImageItem } from '../image.js';
import { readSource } from '../load/read-source.js';
import { animatedFrames } from './animated-image.js';
import { evenly } from './evenly.js';
import { isVideoFile, videoFileFrames } from './video-file.js';
import type { VideoItem } from './video-item.js';

/**
 * Frames of a clip, spread evenly over its length: the middle of each of `count` equal parts, or all frames when there are
 * not more. A folder gives the paths of its pictures, which are decoded later; files are decoded here.
 *
 * @param item a folder of pictures, an animated GIF or WebP, an mp4 or webm file (with the optional packages `mediabunny`
 *   and `@mediabunny/server`), the bytes of a file, or a list of frames
 * @throws CrossmodalError naming the clip when it has no frames, does not exist, cannot be decoded, or holds a picture of a kind that is
 *   not read
 * @example
 * const frames = await loadFrames('cat.gif', { count: 8 });
 */
export async function loadFrames(item: VideoItem, { count, ...others }: { count: number }): Promise<ImageItem[]> {
  assertKnownOptions('loadFrames', others, ['count']);
  requireInteger('loadFrames: count', count);
  if (typeof item !== 'string' && !(item instanceof Uint8Array)) return chosen(item, 'the given list', count);
  if (typeof item === 'string' && (await isFolder(item))) {
    const visible = (await readdir(item)).filter((name) => !name.startsWith('.'));
    const unread = visible.find(isUnreadMedia);
    if (unread !== undefined) {
      throw new CrossmodalError(`loadFrames: ${join(item, unread)} is of a kind that is not read`, {
        remedy: 'convert it (JPEG, PNG, WebP, AVIF, GIF, TIFF, SVG), or move it out of the folder',
      });
    }
    const names = visible.filter((name) => mediaKind(name) === 'image');
    names.sort(new Intl.Collator('en', { numeric: true }).compare);
    return chosen(
      names.map((name) => join(item, name)),
      item,
      count,
    );
  }
  const { bytes, name } = await readSource(item);
  return isVideoFile(bytes) ? videoFileFrames(bytes, name, count) : animatedFrames(bytes, name, count);
}

function chosen(frames: readonly ImageItem[], name: string, count: number): ImageItem[] {
  if (frames.length === 0) {
    throw new CrossmodalError(`loadFrames: ${name} has no frames`, { remedy: 'a clip needs at least one picture' });
  }
  return evenly(frames.length, count).map((place) => frames[place]!);
}

/** What cannot be looked at is left to `readSource`, which says why. */
async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}
