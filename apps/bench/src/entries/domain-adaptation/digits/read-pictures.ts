import { existsSync, statSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, extname, join } from 'node:path';
import { CrossmodalError, Random } from '@crossmodal/core';
import { classFolder, mapConcurrently, readIdx } from '@crossmodal/core/data';
import type { LabelledImages } from '@crossmodal/core/data/sets';
import { type BytePixels, decodeImage } from '@crossmodal/encoders-vision';
import { parse } from 'csv-parse/sync';
import { joinPictures, type PictureDomain, side } from './picture-domain.js';

/** Pictures in memory, with the names of their classes; where the source says so, which are for tests. */
interface NamedPictures {
  pictures: BytePixels[];
  names: string[];
  parts: ('train' | 'test')[] | undefined;
}

/** Share of the pictures that are held out where the source does not say which. */
const testShare = 1 / 3;

const remedy =
  'give a folder with one folder of pictures per class (or train/ and test/ of such), a folder of IDX files, or a CSV with a column ' +
  '"label" and one column per pixel';

/**
 * Pictures from class folders, from `train/` and `test/` with class folders in each, from IDX files as MNIST has them, or from a CSV of
 * pixels.
 *
 * @throws CrossmodalError when there is nothing of the kind, a class has no pictures, there is one class only, or too few pictures.
 */
export async function readPictures(path: string): Promise<PictureDomain> {
  if (!existsSync(path)) throw new CrossmodalError(`digit-adaptation: ${path} does not exist`, { remedy });
  const { pictures, names, parts } = statSync(path).isDirectory() ? await fromFolder(path) : await fromCsv(path);
  const classes = [...new Set(names)].sort();
  if (classes.length < 2 || classes.length > 256) {
    throw new CrossmodalError(
      `digit-adaptation: ${path} must hold 2 to 256 classes, got ${classes.length} (${classes.slice(0, 12).join(', ')})`,
      { remedy },
    );
  }
  const ofPart = parts ?? heldOut(names);
  const join = (part: 'train' | 'test'): LabelledImages => {
    // In random order, as MNIST is: the first of them stand for all.
    const rows = new Random('order').shuffle([...names.keys()].filter((row) => ofPart[row] === part));
    if (rows.length < 4) {
      throw new CrossmodalError(
        `digit-adaptation: ${path} must hold at least 4 pictures for ${part === 'train' ? 'training' : 'tests'}, got ${rows.length}`,
      );
    }
    return joinPictures(
      rows.map((row) => pictures[row]!),
      rows.map((row) => classes.indexOf(names[row]!)),
    );
  };
  return { name: basename(path), classes, train: join('train'), test: join('test') };
}

/** Of each class the same share, whichever they are. */
function heldOut(names: readonly string[]): ('train' | 'test')[] {
  const parts = names.map((): 'train' | 'test' => 'train');
  for (const name of new Set(names)) {
    const rows = [...names.keys()].filter((row) => names[row] === name);
    const shuffled = new Random('held out').fork(name).shuffle(rows);
    for (const row of shuffled.slice(0, Math.floor(testShare * rows.length))) parts[row] = 'test';
  }
  return parts;
}

async function fromFolder(folder: string): Promise<NamedPictures> {
  const entries = await readdir(folder);
  if (entries.some((name) => /idx3/.test(name))) return fromIdx(folder, entries);
  const both = ['train', 'test'].every((part) => entries.includes(part));
  if (!both) return { ...(await fromClassFolders(folder)), parts: undefined };
  const [train, test] = [await fromClassFolders(join(folder, 'train')), await fromClassFolders(join(folder, 'test'))];
  return {
    pictures: [...train.pictures, ...test.pictures],
    names: [...train.names, ...test.names],
    parts: [...train.names.map(() => 'train' as const), ...test.names.map(() => 'test' as const)],
  };
}

async function fromClassFolders(folder: string): Promise<Omit<NamedPictures, 'parts'>> {
  const { rows } = await classFolder(folder);
  const images = rows.filter(({ image }) => image !== undefined);
  const pictures = await mapConcurrently(images, ({ image }) => decodeImage(image!, { size: side, fit: 'stretch' }), {
    concurrency: 4 * availableParallelism(),
  });
  return { pictures, names: images.map(({ label }) => label!) };
}

async function fromIdx(folder: string, entries: readonly string[]): Promise<NamedPictures> {
  const all: NamedPictures = { pictures: [], names: [], parts: [] };
  const files = entries.filter((name) => /idx3/.test(name)).sort();
  for (const name of files) {
    const labelName = name.replace('images', 'labels').replace('idx3', 'idx1');
    const other = [labelName, `${labelName}.gz`, labelName.replace(/\.gz$/, '')].find((file) => entries.includes(file));
    if (name === labelName || other === undefined)
      throw new CrossmodalError(`digit-adaptation: ${join(folder, name)} needs ${labelName} beside it`);
    const images = await readIdx(join(folder, name), { maximum: 2 ** 30 });
    const labels = await readIdx(join(folder, other), { maximum: 2 ** 28 });
    const [count = 0, height = 0, width = 0] = images.shape;
    if (!(images.data instanceof Uint8Array) || images.shape.length !== 3 || labels.data.length !== count) {
      throw new CrossmodalError(
        `digit-adaptation: ${join(folder, name)} must hold bytes [count, height, width] and have one label each, got [${images.shape}] and ${labels.data.length} labels`,
      );
    }
    for (let i = 0; i < count; i++) {
      const data = images.data.subarray(i * height * width, (i + 1) * height * width);
      all.pictures.push({ data, shape: [height, width, 1] });
      all.names.push(String(labels.data[i]));
      all.parts!.push(/t10k|test/.test(name) ? 'test' : 'train');
    }
  }
  return new Set(all.parts).size === 2 ? all : { ...all, parts: undefined };
}

async function fromCsv(path: string): Promise<NamedPictures> {
  if (!['.csv', '.tsv'].includes(extname(path)))
    throw new CrossmodalError(`digit-adaptation: ${path} is neither a folder nor a CSV`, { remedy });
  const delimiter = extname(path) === '.tsv' ? '\t' : ',';
  const records: string[][] = parse(await readFile(path), { delimiter, skip_empty_lines: true });
  const [header = [], ...lines] = records;
  const column = header.findIndex((name) => /^(label|class|digit|target)$/i.test(name.trim()));
  const split = header.findIndex((name) => /^split$/i.test(name.trim()));
  const pixels = header.flatMap((_, i) => (i === column || i === split ? [] : [i]));
  const channels = [1, 3].find((count) => Number.isInteger(Math.sqrt(pixels.length / count)));
  if (column < 0 || pixels.length === 0 || channels === undefined) {
    throw new CrossmodalError(
      `digit-adaptation: ${path} must have a column "label" and one per pixel of a square picture, got ${pixels.length} others`,
      { remedy },
    );
  }
  const values = lines.map((line) => pixels.map((i) => Number(line[i])));
  // Grey values of any depth: the largest that occurs is white.
  const white = values.reduce((most, row) => Math.max(most, ...row), 0);
  if (!(white > 0) || values.some((row) => row.some((value) => !(value >= 0)))) {
    throw new CrossmodalError(`digit-adaptation: ${path}: pixels must be numbers of at least 0, and some above it`);
  }
  const height = Math.sqrt(pixels.length / channels);
  return {
    pictures: values.map((row) => ({
      data: Uint8Array.from(row, (value) => Math.round((255 * value) / white)),
      shape: [height, height, channels],
    })),
    names: lines.map((line) => line[column]!.trim()),
    parts: split < 0 ? undefined : lines.map((line) => (/^test$/i.test(line[split]!.trim()) ? 'test' : 'train')),
  };
}
