import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { dataFolder, mapConcurrently, splitByGroup, tarShards } from '@crossmodal/core/data';
import { decodeImage, type Image, toImage } from '@crossmodal/encoders-vision';
import { spread } from './corpus.js';

/** A drawing of the Open Clip Art Library. */
export interface ClipArt {
  title: string;
  /** The title, then the keywords. */
  caption: string;
  /** The folder that it stands in. */
  group: string;
  /** [size, size, 3] on white, from 0 to 1. */
  image: Image;
}

export interface ClipArtCorpus {
  train: ClipArt[];
  test: ClipArt[];
  groups: string[];
}

/** Folders that say where a drawing came from, not what it shows. */
const unsorted = new Set(['unsorted', 'special']);
/** A folder with fewer drawings is no group. */
const leastOfGroup = 80;
/** A title that more drawings have is that of a collection, not of a drawing. */
const mostOfTitle = 5;
/** Drawings that are equal at so many pixels a side and grey values per channel are one drawing. */
const fingerprint = { side: 8, levels: 12 };

/**
 * The Open Clip Art Library: drawings of 64 x 64 pixels with a title of their own, from `openclipart64/` of the data folder (`items.tsv`,
 * `pictures.tar`). Drawings that look alike are taken once; titles that differ in numbers alone are on one side of the split.
 *
 * @param options.limit at most so many drawings for training, and a sixth as many for the test.
 */
export async function clipArt({
  dataFolder: data,
  limit,
}: {
  dataFolder: string | undefined;
  limit: number;
}): Promise<ClipArtCorpus> {
  const folder = dataFolder('openclipart64', { data });
  const all = rowsOf(await readFile(join(folder, 'items.tsv'), 'utf8'));
  const titles = counted(all.map(({ title }) => title));
  const folders = counted(all.map(({ group }) => group));
  const named = all.filter(
    ({ title, group }) =>
      title !== '' && titles.get(title)! <= mostOfTitle && !unsorted.has(group) && folders.get(group)! >= leastOfGroup,
  );
  const bytes = new Map<string, Uint8Array>();
  for await (const { key, members } of tarShards(join(folder, 'pictures.tar')).iterate(0)) {
    const png = members.get('png');
    if (png) bytes.set(`${key.split('/').at(-1)!}.png`, png);
  }
  const drawings = await mapConcurrently(
    spread(named, 2 * limit),
    async ({ file, ...row }): Promise<ClipArt> => {
      const png = bytes.get(file);
      if (!png)
        throw new CrossmodalError(`bench: ${join(folder, 'pictures.tar')} has no ${file}, which items.tsv names`);
      return { ...row, image: toImage(await decodeImage(png, { background: 'white' })) };
    },
    { concurrency: 8 },
  );
  const seen = new Set<string>();
  const different = drawings.filter(({ image }) => {
    const print = printOf(image);
    return !seen.has(print) && seen.add(print);
  });
  const parts = splitByGroup(
    different,
    { train: 0.85, test: 0.15 },
    {
      group: ({ title }) =>
        title
          .toLowerCase()
          .replace(/[^a-z]+/g, ' ')
          .trim(),
      seed: 'clip art',
    },
  );
  return {
    train: spread(parts.train, limit),
    test: spread(parts.test, limit / 6),
    groups: [...folders.keys()].filter((group) => named.some((row) => row.group === group)).sort(),
  };
}

function rowsOf(text: string): { file: string; title: string; caption: string; group: string }[] {
  const [, ...lines] = text.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const [file = '', place = '', title = '', keywords = ''] = line.split('\t');
    const words = keywords.split(',').map((word) => word.trim());
    return { file, title: title.trim(), caption: [title.trim(), ...words].join(' '), group: place.split('/')[0]! };
  });
}

function counted(values: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function printOf({ data, shape: [height, width, channels] }: Image): string {
  const { side, levels } = fingerprint;
  const sums = new Float64Array(side * side * channels);
  const each = (height / side) * (width / side);
  data.forEach((value, i) => {
    const pixel = Math.floor(i / channels);
    const row = Math.floor((Math.floor(pixel / width) * side) / height);
    const column = Math.floor(((pixel % width) * side) / width);
    const place = (row * side + column) * channels + (i % channels);
    sums[place]! += value / each;
  });
  return createHash('sha256')
    .update(Uint8Array.from(sums, (value) => Math.round(value * levels)))
    .digest('hex');
}
