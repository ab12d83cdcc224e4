import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { mapConcurrently } from '@crossmodal/core/data';
import sharp from 'sharp';
import { type CacheWatcher, FileCache } from './cache.js';
import { type IconSet, iconSvg } from './icon-sets.js';
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
 * Drawings of another set as PNG files of the same kind, rendered once into a cache.
 *
 * @param icons names of drawings of the set.
 * @returns the path of each picture, in the order of `icons`.
 * @throws CrossmodalError when the set has no drawing of a name, or one does not parse as SVG.
 */
export async function renderIcons(
  set: IconSet,
  icons: readonly string[],
  { cacheFolder, ...watcher }: { cacheFolder: string } & CacheWatcher,
): Promise<string[]> {
  const origin = createHash('sha256').update(set.file).digest('hex').slice(0, 8);
  const folder = join(cacheFolder, `icons-${set.name}-${set.version}-${origin}`);
  const cache = await FileCache.open(folder, `icons ${set.name} ${set.version} ${recipe}`);
  return cache.ensure(
    icons.map((icon) => `${icon}.png`),
    async (missing, put) => {
      const render = async (name: string) => {
        const icon = name.replace(/\.png$/, '');
        const what = `icons: the drawing "${icon}" of ${set.file}`;
        await put(
          name,
          await renderDrawing(Buffer.from(iconSvg(set, icon)), what, { remedy: 'install the set afresh' }),
        );
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
  return renderDrawing(svg, `openmoji: ${file}`, { remedy });
}

/**
 * SVG as PNG of 72 x 72 pixels.
 *
 * @param what the drawing is called in an error.
 * @throws CrossmodalError when it is not a drawing.
 */
async function renderDrawing(svg: Buffer, what: string, { remedy }: { remedy: string }): Promise<Buffer> {
  if (!svg.includes('<svg')) throw new CrossmodalError(`${what} is not an SVG`, { remedy });
  try {
    const image = sharp(svg, { density: 72 }).resize(pictureSize, pictureSize, { fit: 'contain', background: '#0000' });
    return await image.png({ compressionLevel: 6 }).toBuffer();
  } catch (cause) {
    const reason = (cause as Error).message.split('\n')[0];
    throw new CrossmodalError(`${what} does not parse as SVG (${reason})`, { remedy, cause });
  }
}
