import { describe, expect, test } from 'vitest';
import { frequentWords, meanPicture, pictureError, sentence, wordsRight } from '../src/entries/autoencoder/measure.js';
import { tokenizerOf } from '../src/entries/autoencoder/model.js';

const picture = (value: number, captions: string[]) => ({
  image: { data: new Float32Array(12).fill(value), shape: [2, 2, 3] as [number, number, number] },
  captions,
});
const items = [picture(0, ['red boat', 'a boat']), picture(0.5, ['red car']), picture(1, ['blue car'])];
// Words that occur twice: red, car, boat.
const tokenizer = tokenizerOf(items.flatMap(({ captions }) => captions));
const numbers = (text: string) => tokenizer.encode(text);

describe('measures of reconstructions', () => {
  test('the error of pictures is the mean squared difference, that of the mean picture their variance', () => {
    const middle = meanPicture(items);
    for (const value of middle.data) expect(value).toBeCloseTo(0.5);
    expect(
      pictureError(
        items.map(() => middle),
        items,
      ),
    ).toBeCloseTo(0.5 / 3);
    expect(
      pictureError(
        items.map(({ image }) => image),
        items,
      ),
    ).toBe(0);
  });

  test('words count at their place; marks and words out of the vocabulary do not count', () => {
    // red boat, red car, (blue) car: five known words.
    const said = [numbers('red boat'), numbers('car red'), numbers('car car')];
    expect(wordsRight(said, items, tokenizer, 6)).toBeCloseTo(3 / 5);
    expect(wordsRight([[], [], []], items, tokenizer, 6)).toBe(0);
  });

  test('the most frequent word of each place is what can be said without looking', () => {
    const [, first, second, third] = frequentWords(items, tokenizer, 4);
    expect([first, second]).toEqual([numbers('red')[1], numbers('red boat')[2]]); // boat before car, which is as frequent
    expect(third).toBe(-1);
    expect(
      wordsRight(
        items.map(() => frequentWords(items, tokenizer, 4)),
        items,
        tokenizer,
        4,
      ),
    ).toBeCloseTo(3 / 5);
  });

  test('a sentence ends at the end mark', () => {
    expect(sentence([...numbers('red car'), ...numbers('boat')], tokenizer)).toBe('red car');
    expect(sentence(numbers('red car').slice(0, -1), tokenizer)).toBe('red car');
  });
});
