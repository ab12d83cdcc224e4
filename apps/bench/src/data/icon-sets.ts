import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { getIconData, iconToHTML, iconToSVG } from '@iconify/utils';
import type { Emoji } from './openmoji.js';

/** Drawings of one hand in the format of Iconify: an npm package `@iconify-json/NAME`, or a folder like one. */
export interface IconSet {
  readonly name: string;
  readonly version: string;
  /** The file with the drawings. */
  readonly file: string;
  readonly collection: Parameters<typeof getIconData>[0];
  /** Names of drawings by code points, as `codeKey` writes them; empty where the set has none. */
  readonly byCode: ReadonlyMap<string, string>;
}

/** Names of sets and of drawings; they become names of files. */
const namePattern = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Reads a set of drawings.
 *
 * @param name of a set (`emojione`: the package `@iconify-json/emojione`, if it is installed), or the path of a folder with an `icons.json`;
 *   what has a slash in it is a path.
 * @throws CrossmodalError when there is none, or its files are not what they should be.
 */
export function readIconSet(name: string): IconSet {
  const folder = folderOf(name);
  const file = join(folder, 'icons.json');
  const collection = readJson(file);
  const prefix = collection['prefix'];
  if (typeof prefix !== 'string' || !namePattern.test(prefix) || !isObject(collection['icons'])) {
    throw new CrossmodalError(`icons: ${file} must hold a prefix and icons, as the sets of Iconify do`);
  }
  const codes = join(folder, 'chars.json');
  const chars = existsSync(codes) ? readJson(codes) : {};
  const manifest = join(folder, 'package.json');
  return {
    name: prefix,
    version: existsSync(manifest) ? String(readJson(manifest)['version']) : 'unversioned',
    file,
    collection: collection as unknown as IconSet['collection'],
    byCode: new Map(Object.entries(chars).map(([code, icon]) => [codeKey(code), String(icon)])),
  };
}

/** Code points in capitals, without the sign that asks for the picture: sets differ in both. */
export function codeKey(code: string): string {
  return code
    .toUpperCase()
    .split(/[-_ ]/)
    .filter((point) => point !== 'FE0F')
    .join('-');
}

/** A name as the sets of Iconify write it: "Cat with tears of joy" is `cat-with-tears-of-joy`. */
export function iconName(annotation: string): string {
  return annotation
    .toLowerCase()
    .normalize('NFKD')
    .replace(/[\u0300-\u036f’']/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}

/**
 * Which drawing of the set shows what an emoji shows: the one of the same code points, otherwise the one of the same name.
 *
 * @returns names of drawings by hexcode; emojis without one are left out.
 */
export function matchConcepts(
  emojis: readonly Pick<Emoji, 'hexcode' | 'annotation'>[],
  { collection, byCode }: Pick<IconSet, 'collection' | 'byCode'>,
): Map<string, string> {
  const has = (icon: string | undefined): icon is string =>
    icon !== undefined &&
    namePattern.test(icon) &&
    (Object.hasOwn(collection.icons, icon) || Object.hasOwn(collection.aliases ?? {}, icon));
  const found = new Map<string, string>();
  for (const { hexcode, annotation } of emojis) {
    const icon = [byCode.get(codeKey(hexcode)), iconName(annotation)].find(has);
    if (icon !== undefined) found.set(hexcode, icon);
  }
  return found;
}

/**
 * A drawing as SVG of 72 x 72 units.
 *
 * @throws CrossmodalError when the set has none of this name.
 */
export function iconSvg({ name, file, collection }: IconSet, icon: string): string {
  const data = getIconData(collection, icon);
  if (!data) throw new CrossmodalError(`icons: the set ${name} has no drawing "${icon}" (${file})`);
  const { body, attributes } = iconToSVG(data, { width: '72', height: '72' });
  return iconToHTML(body, { ...attributes });
}

function folderOf(name: string): string {
  if (/[\\/]/.test(name)) {
    const folder = resolve(name);
    if (existsSync(folder) && statSync(folder).isDirectory()) return folder;
    throw new CrossmodalError(`icons: the folder ${folder} does not exist`);
  }
  try {
    return dirname(createRequire(import.meta.url).resolve(`@iconify-json/${name}/icons.json`));
  } catch (cause) {
    throw new CrossmodalError(`icons: there is no set "${name}" here`, {
      remedy: `type npm install --prefix DIR @iconify-json/${name} and name the folder DIR/node_modules/@iconify-json/${name}`,
      cause,
    });
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

function readJson(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CrossmodalError(`icons: ${file} cannot be read as JSON`, { cause });
  }
  if (!isObject(value)) throw new CrossmodalError(`icons: ${file} must hold an object`);
  return value;
}
