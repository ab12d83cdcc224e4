import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { locateOpenMoji, readOpenMoji } from '../src/data/openmoji.js';
import { renderPictures, renderSvg } from '../src/data/pictures.js';
import { smallOpenMoji, temporaryFolder } from './fixture.js';

const apple = '1F34E';
const dog = '1F415';

describe('renderPictures', () => {
  test('renders both styles as 72 x 72 pixels with transparency, once', async () => {
    const openmoji = readOpenMoji(locateOpenMoji());
    const cacheFolder = temporaryFolder();
    for (const style of ['color', 'black'] as const) {
      const [file] = await renderPictures(openmoji, [apple], { style, cacheFolder });
      const { data, info } = await sharp(file!).raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: 72, height: 72, channels: 4 });
      expect([...data.subarray(0, 4)][3]).toBe(0); // the corner is empty
      const middle = (36 * 72 + 30) * 4;
      if (style === 'color')
        expect(data[middle]!).toBeGreaterThan(data[middle + 2]! + 50); // an apple is red
      else expect(data[middle + 3]).toBe(0); // and hollow when only its outline is drawn
      let made = 0;
      await renderPictures(openmoji, [apple], { style, cacheFolder, progress: () => made++ });
      expect(made).toBe(0);
    }
  });

  test('names the drawing that does not parse, and the remedy, in one line', async () => {
    const folder = smallOpenMoji([apple, dog]);
    const file = join(folder, 'color', 'svg', `${dog}.svg`);
    const openmoji = readOpenMoji(folder);
    const attempt = () => renderPictures(openmoji, [apple, dog], { style: 'color', cacheFolder: temporaryFolder() });
    for (const [svg, reason] of [
      ['<svg viewBox="0 0 72 72"><path d="M0', 'does not parse as SVG'],
      ['hello', 'is not an SVG'],
      ['', 'is not an SVG'],
    ] as const) {
      writeFileSync(file, svg);
      const error = await attempt().catch((caught: Error) => caught);
      expect((error as Error).message).toContain(`openmoji: ${file} ${reason}`);
      expect((error as Error).message).toMatch(/; repair the file, or leave out --data/);
      expect((error as Error).message).not.toContain('\n');
    }
    rmSync(file);
    await expect(attempt()).rejects.toThrow(/the drawing .* is missing/);
  });

  test('renderSvg takes a drawing without a size', async () => {
    const file = join(temporaryFolder(), 'x.svg');
    writeFileSync(
      file,
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 5"><rect width="10" height="5"/></svg>',
    );
    expect(await sharp(await renderSvg(file)).metadata()).toMatchObject({ width: 72, height: 72, hasAlpha: true });
  });
});

describe('readOpenMoji', () => {
  test('reads names, tags, groups and bases', () => {
    const { emojis, version } = readOpenMoji(locateOpenMoji());
    expect(version).toMatch(/^\d+\.\d+/);
    expect(emojis.length).toBeGreaterThan(4000);
    expect(emojis.find(({ hexcode }) => hexcode === dog)).toMatchObject({
      annotation: 'dog',
      group: 'animals-nature',
      subgroup: 'animal-mammal',
      baseHexcode: dog,
    });
    expect(emojis.find(({ hexcode }) => hexcode === '1F44B-1F3FF')?.baseHexcode).toBe('1F44B');
    expect(emojis.every(({ hexcode }) => existsSync(join(locateOpenMoji(), 'color', 'svg', `${hexcode}.svg`)))).toBe(
      true,
    );
  });

  test('refuses a missing folder, and a catalogue that is none, in one line', () => {
    const missing = join(temporaryFolder(), 'nothing');
    expect(() => locateOpenMoji(missing)).toThrow(`data: the folder ${missing} does not exist; name an existing one`);
    const folder = smallOpenMoji([apple]);
    const catalogue = join(folder, 'data', 'openmoji.json');
    writeFileSync(catalogue, '[{"hexcode": "1F34E", "annot');
    expect(() => readOpenMoji(folder)).toThrow(`openmoji: ${catalogue} cannot be read as JSON; `);
    writeFileSync(catalogue, '[]');
    expect(() => readOpenMoji(folder)).toThrow('must hold a list of emojis');
    writeFileSync(catalogue, '[{"hexcode": "../etc", "annotation": "x"}]');
    expect(() => readOpenMoji(folder)).toThrow('entry 0');
  });

  test('finds a copy in the data folder before the installed one', () => {
    const folder = smallOpenMoji([apple]);
    expect(locateOpenMoji(folder)).toBe(folder);
    expect(locateOpenMoji(temporaryFolder())).toBe(locateOpenMoji());
  });
});
