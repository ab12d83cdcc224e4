import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';

/** The two drawing styles of OpenMoji: filled, and lines only. */
export type Style = 'color' | 'black';

/** One picture of OpenMoji and what is written about it. */
export interface Emoji {
  /** Code points in hexadecimal, joined by '-'; also the file name. */
  readonly hexcode: string;
  readonly group: string;
  readonly subgroup: string;
  /** The name: "grinning face". */
  readonly annotation: string;
  readonly tags: readonly string[];
  /** The emoji without skin tone of which this is a variant; its own hexcode when it is none. */
  readonly baseHexcode: string;
}

/** The collection on disk. */
export interface OpenMoji {
  readonly folder: string;
  readonly version: string;
  readonly emojis: readonly Emoji[];
}

/**
 * Finds the OpenMoji collection: in the user's data folder when there is one (`DIR/openmoji`, or DIR itself), otherwise
 * in the installed npm package.
 *
 * @throws CrossmodalError when the folder does not exist.
 */
export function locateOpenMoji(dataFolder?: string): string {
  if (dataFolder === undefined) {
    return dirname(createRequire(import.meta.url).resolve('openmoji/package.json'));
  }
  if (!existsSync(dataFolder) || !statSync(dataFolder).isDirectory()) {
    throw new CrossmodalError(`data: the folder ${dataFolder} does not exist`, {
      remedy:
        'name an existing one with --data DIR or CROSSMODAL_DATA, or leave both out to use the installed OpenMoji',
    });
  }
  for (const folder of [join(dataFolder, 'openmoji'), dataFolder]) {
    if (existsSync(join(folder, 'data', 'openmoji.json'))) return folder;
  }
  // A folder of data sets without OpenMoji among them: the installed one is as good.
  return locateOpenMoji();
}

/** What to do about a file of the collection that is damaged. */
export function remedyFor(folder: string): string {
  return folder === locateOpenMoji()
    ? 'remove the folder node_modules and run again, to install the package openmoji afresh'
    : 'repair the file, or leave out --data and CROSSMODAL_DATA to use the installed OpenMoji';
}

/**
 * Reads the catalogue `data/openmoji.json`.
 *
 * @throws CrossmodalError when it is missing, is not JSON, or an entry lacks what we need.
 */
export function readOpenMoji(folder: string): OpenMoji {
  const file = join(folder, 'data', 'openmoji.json');
  const remedy = remedyFor(folder);
  let raw: unknown;
  try {
    raw = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new CrossmodalError(`openmoji: ${file} cannot be read as JSON`, { remedy, cause });
  }
  if (!Array.isArray(raw) || raw.length === 0) {
    throw new CrossmodalError(`openmoji: ${file} must hold a list of emojis`, { remedy });
  }
  const emojis = raw.map((entry: Record<string, unknown>, index) => {
    const text = (key: string) => (typeof entry?.[key] === 'string' ? (entry[key] as string).trim() : '');
    const hexcode = text('hexcode');
    const annotation = text('annotation');
    if (!/^[0-9A-F]+(-[0-9A-F]+)*$/.test(hexcode) || annotation === '') {
      throw new CrossmodalError(`openmoji: entry ${index} of ${file} must have a hexcode and an annotation`, {
        remedy,
      });
    }
    const tags = `${text('tags')},${text('openmoji_tags')}`.split(',').map((tag) => tag.trim());
    return {
      hexcode,
      annotation,
      group: text('group'),
      subgroup: text('subgroups'),
      tags: [...new Set(tags.filter((tag) => tag !== ''))],
      baseHexcode: text('skintone_base_hexcode') || hexcode,
    };
  });
  return { folder, version: versionOf(folder), emojis };
}

/** True when this is not a skin-tone variant of another emoji. */
export function isBase(emoji: Emoji): boolean {
  return emoji.baseHexcode === emoji.hexcode;
}

/** The drawing of an emoji. */
export function svgFile(folder: string, hexcode: string, style: Style): string {
  return join(folder, style, 'svg', `${hexcode}.svg`);
}

function versionOf(folder: string): string {
  try {
    return String(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).version);
  } catch {
    return 'unversioned';
  }
}
