import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { mapConcurrently } from '@crossmodal/core/data';
import sharp from 'sharp';
import { type CacheWatcher, FileCache } from './cache.js';
import { type OpenMoji, remedyFor, type Style, svgFile } from './openmoji.js';

/** The side of the cached pictures: the drawings' own grid of 72 units. */
const pictureSize = 72;

/** Changes whenever the way of rendering does, so that older caches are not used. */
const recipe = `png-${pictureSize}-v1`;

/**
 * The drawings as PNG files of 72 x 72 pixels with transparency, rendered once into a cache.
 *
 * @param options.cacheFolder the folder of all caches.
 * @returns the path of each picture, in the order of `hexcodes`.
 * @throws CrossmodalError when a drawing is missing or does not parse as SVG.
 */
export async function renderPictures(
  openmoji: OpenMoji,
  hexcodes: readonly string[],
  { style, cacheFolder, ...watcher }: { style: Style; cacheFolder: string } & CacheWatcher,
): Promise<string[]> {
  // Another copy of the collection gets a folder of its own: its drawings may differ.
  const origin = createHash('sha256').update(openmoji.folder).digest('hex').slice(0, 8);
  const folder = join(cacheFolder, `openmoji-${openmoji.version}-${origin}`, style);
  const cache = await FileCache.open(folder, `openmoji ${openmoji.version} ${style} ${recipe}`);
  const remedy = remedyFor(openmoji.folder);
  return cache.ensure(
    hexcodes.map((hexcode) => `${hexcode}.png`),
    async (missing, put) => {
      const render = async (name: string) => {
        const file = svgFile(openmoji.folder, name.replace(/\.png$/, ''), style);
        await put(name, await renderSvg(file, { remedy }));
      };
      await mapConcurrently(missing, render, { concurrency: 2 * cpus().length });
    },
    watcher,
  );
}

/**
 * One drawing as PNG.
 *
 * @throws CrossmodalError when the file is missing or is not a drawing.
 */
export async function renderSvg(file: string, { remedy = 'repair the file' } = {}): Promise<Buffer> {
  let svg: Buffer;
  try {
    svg = await readFile(file);
  } catch (cause) {
    throw new CrossmodalError(`openmoji: the drawing ${file} is missing`, { remedy, cause });
  }
  if (!svg.includes('<svg')) throw new CrossmodalError(`openmoji: ${file} is not an SVG`, { remedy });
  try {
    const image = sharp(svg, { density: 72 }).resize(pictureSize, pictureSize, { fit: 'contain', background: '#0000' });
    return await image.png({ compressionLevel: 6 }).toBuffer();
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0];
    throw new CrossmodalError(`openmoji: ${file} does not parse as SVG (${reason})`, { remedy, cause });
  }
}
