import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { mapConcurrently, splitOf } from '@crossmodal/core/data';
import { writeAtomically } from '@crossmodal/core/safetensors/files';
import sharp from 'sharp';
import { type Context, grouped, report } from '../cli/context.js';
import { wholeFolder } from '../data/whole-folder.js';

interface Emoji {
  hexcode: string;
  annotation: string;
  tags: string;
  openmoji_tags: string;
  group: string;
  skintone: string;
}

/** Writes pictures of OpenMoji and a CSV with a name, tags, group and split of each. */
export async function sampleCommand(
  path: string,
  { limit, size }: { limit?: number; size: number },
  context: Context,
): Promise<void> {
  const folder = openMojiFolder();
  const all = JSON.parse(await readFile(join(folder, 'data/openmoji.json'), 'utf8')) as Emoji[];
  const emojis = all.filter(({ skintone, group }) => skintone === '' && !group.startsWith('extras')).slice(0, limit);
  const write = async (part: string): Promise<number> => {
    const save = (name: string, content: string | Uint8Array) =>
      writeAtomically(join(part, name), content, { where: 'sample', durable: false });
    const bar = context.terminal.bar('drawing', emojis.length);
    let done = 0;
    const rows = await mapConcurrently(emojis, async (emoji) => {
      context.signal.throwIfAborted();
      const file = `pictures/${emoji.hexcode}.png`;
      const svg = await readFile(join(folder, 'color/svg', `${emoji.hexcode}.svg`));
      const png = await sharp(svg, { density: 72 }).resize(size, size).flatten({ background: '#fff' }).png().toBuffer();
      await save(file, png);
      bar.update(++done);
      const tags = [...new Set(`${emoji.tags},${emoji.openmoji_tags}`.split(',').map((tag) => tag.trim()))].filter(
        (tag) => tag !== '',
      );
      // By content: some emojis are drawn alike, and must not be trained on and tested on.
      const content = createHash('sha256').update(png).digest('hex');
      const split = splitOf(content, { train: 0.8, val: 0.1, test: 0.1 }, { seed: 1 });
      return [file, [emoji.annotation, ...tags].join(', '), emoji.group, split];
    }).finally(() => bar.stop());
    const csv = [['file', 'caption', 'label', 'split'], ...rows].map((row) => row.map(quoted).join(',')).join('\n');
    await save('emojis.csv', `${csv}\n`);
    await save('LICENSE.txt', 'Pictures: OpenMoji, https://openmoji.org, CC BY-SA 4.0\n');
    return rows.length;
  };
  const items = await wholeFolder('sample', path, write);
  report(context, { path, items }, () => `${path}: ${grouped(items)} pictures and emojis.csv (OpenMoji, CC BY-SA 4.0)`);
}

function quoted(value: string): string {
  return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

function openMojiFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve('openmoji/package.json'));
  } catch (cause) {
    throw new CrossmodalError('sample: openmoji is not installed', { remedy: 'npm install openmoji', cause });
  }
}
