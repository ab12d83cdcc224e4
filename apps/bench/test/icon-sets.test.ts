import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { codeKey, iconName, iconSvg, matchConcepts, readIconSet } from '../src/data/icon-sets.js';
import { isBase, locateOpenMoji, readOpenMoji } from '../src/data/openmoji.js';
import { renderIcons } from '../src/data/pictures.js';
import { iconFolder, temporaryFolder } from './fixture.js';

const square = { body: '<path fill="#f00" d="M0 0h16v32H0z"/>' };

describe('concepts', () => {
  test('codes and names are written in one way', () => {
    expect(codeKey('1f9d1-fe0f-200d-1f680')).toBe('1F9D1-200D-1F680');
    expect(iconName('Cat with tears of joy')).toBe('cat-with-tears-of-joy');
    expect(iconName('piñata')).toBe('pinata');
    expect(iconName('woman’s clothes')).toBe('womans-clothes');
    expect(iconName('flag: Côte d’Ivoire')).toBe('flag-cote-divoire');
  });

  test('the code comes before the name, aliases count, what is in neither is left out', () => {
    const set = readIconSet(
      iconFolder(
        {
          prefix: 'mine',
          icons: { apple: square, 'red-apple': square, '../escape': square },
          aliases: { dog: { parent: 'apple' } },
        },
        { chars: { '1f34e': 'apple', '1f680': 'nowhere', '1f697': '../escape' } },
      ),
    );
    const concept = (hexcode: string, annotation: string) => ({ hexcode, annotation });
    const concepts = [
      concept('1F34E', 'red apple'),
      concept('1F415', 'dog'),
      concept('1F680', 'rocket'), // a code that names a drawing which is not there
      concept('1F697', 'automobile'), // and one whose name is no name
      concept('1F000', 'to string'),
      concept('1F001', 'constructor'),
    ];
    expect([...matchConcepts(concepts, set)]).toEqual([
      ['1F34E', 'apple'],
      ['1F415', 'dog'],
    ]);
  });

  test('the installed sets: most emojis of the older one, and code and name agree', () => {
    const bases = readOpenMoji(locateOpenMoji()).emojis.filter(isBase);
    const fluent = readIconSet('fluent-emoji-flat');
    const one = readIconSet('emojione');
    expect(matchConcepts(bases, fluent).size).toBeGreaterThan(1300);
    expect(matchConcepts(bases, one).size).toBeGreaterThan(1000);
    const byName = matchConcepts(bases, { ...fluent, byCode: new Map() });
    const agree = [...matchConcepts(bases, fluent)].filter(([hexcode, icon]) => byName.get(hexcode) === icon);
    expect(agree.length / byName.size).toBeGreaterThan(0.98);
    expect(matchConcepts(bases, fluent).get('1F415')).toBe('dog');
  });
});

describe('drawings', () => {
  test('an alias is turned as the set says; rendered once at 72 x 72', async () => {
    const set = readIconSet(
      iconFolder({
        prefix: 'mine',
        icons: { left: square },
        aliases: { right: { parent: 'left', hFlip: true } },
        width: 32,
        height: 32,
      }),
    );
    const options = { cacheFolder: temporaryFolder() };
    const files = await renderIcons(set, ['left', 'right'], options);
    const redAt = async (file: string, x: number) => {
      const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
      expect(info).toMatchObject({ width: 72, height: 72, channels: 4 });
      return data[(36 * 72 + x) * 4 + 3]! > 128;
    };
    expect([await redAt(files[0]!, 10), await redAt(files[0]!, 60)]).toEqual([true, false]);
    expect([await redAt(files[1]!, 10), await redAt(files[1]!, 60)]).toEqual([false, true]);
    let made = 0;
    await renderIcons(set, ['left'], { ...options, progress: () => made++ });
    expect(made).toBe(0);
    expect(() => iconSvg(set, 'middle')).toThrow('icons: the set mine has no drawing "middle"');
  });

  test('a drawing that does not parse is named', async () => {
    const set = readIconSet(iconFolder({ prefix: 'mine', icons: { broken: { body: '<path d="M0' } } }));
    await expect(renderIcons(set, ['broken'], { cacheFolder: temporaryFolder() })).rejects.toThrow(
      /icons: the drawing "broken" of .*icons\.json does not parse as SVG \(.*\); install the set afresh/,
    );
  });
});

describe('what is wrong with a set is said in one line', () => {
  test.each([
    ['{"prefix": "mi', /icons\.json cannot be read as JSON$/],
    ['[]', /icons\.json must hold a prefix and icons/],
    ['null', /icons\.json must hold an object$/],
    [{ prefix: '../x', icons: {} }, /must hold a prefix and icons/],
    [{ prefix: 'mine' }, /must hold a prefix and icons/],
  ])('%j', (content, expected) => {
    expect(() => readIconSet(iconFolder(content))).toThrow(expected);
  });
});
