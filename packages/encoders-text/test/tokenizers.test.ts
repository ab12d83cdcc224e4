import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import { describe, expect, it } from 'vitest';
import { characterTokenizer, encodeBatch, wordTokenizer } from '../src/index.js';

const corpus = ['a cat', 'A cat, asleep', "two dogs don't sleep", 'ein gr\u00fcner Baum'];

describe('wordTokenizer', () => {
  it('numbers words by frequency, then by code units, from four on', () => {
    const tokenizer = wordTokenizer({ corpus });
    expect(tokenizer.vocabulary).toEqual([
      'a',
      'cat',
      ',',
      'asleep',
      'baum',
      'dogs',
      "don't",
      'ein',
      'gr\u00fcner',
      'sleep',
      'two',
    ]);
    expect(tokenizer.vocabularySize).toBe(15);
    expect(tokenizer.encode('A CAT, unseen')).toEqual([4, 5, 6, 1]);
    expect(tokenizer.decode([0, 2, 4, 5, 6, 1, 3, 0])).toBe('a cat , [UNK]');
    expect(tokenizer.encode('')).toEqual([]);
  });

  it('counts an accented letter as one, however it is written, and keeps case when told', () => {
    const tokenizer = wordTokenizer({ corpus });
    expect(tokenizer.encode('gru\u0308ner')).toEqual(tokenizer.encode('gr\u00fcner'));
    const cased = wordTokenizer({ corpus, lowercase: false });
    expect(cased.encode('a A')).toEqual([...new Set(cased.encode('a A'))]);
    expect(cased.encode('CAT')).toEqual([1]);
  });

  it('leaves out rare words, bounds its size, and is rebuilt from its vocabulary', () => {
    expect(wordTokenizer({ corpus, minimumCount: 2 }).vocabulary).toEqual(['a', 'cat']);
    expect(wordTokenizer({ corpus, maximumSize: 5 }).vocabulary).toEqual(['a']);
    const first = wordTokenizer({ corpus });
    const again = wordTokenizer({ vocabulary: first.vocabulary });
    expect(again.encode('two cat')).toEqual(first.encode('two cat'));
  });

  it('marks beginning and end, and keeps the end when it cuts', () => {
    const tokenizer = wordTokenizer({ corpus, markers: true });
    expect(tokenizer.encode('a cat , a cat')).toEqual([2, 4, 5, 6, 4, 5, 3]);
    expect(tokenizer.encode('a cat , a cat', { maximumLength: 4 })).toEqual([2, 4, 5, 3]);
    expect(wordTokenizer({ corpus }).encode('a cat , a cat', { maximumLength: 2 })).toEqual([4, 5]);
  });

  it('refuses what it cannot use', () => {
    expect(() => wordTokenizer({})).toThrow(/give either a corpus or a vocabulary/);
    expect(() => wordTokenizer({ corpus: ['  '] })).toThrow(/the corpus gives no token; check the texts/);
    expect(() => wordTokenizer({ corpus, minimumCount: 9 })).toThrow(/no token/);
    expect(() => wordTokenizer({ corpus, maximumSize: 4 })).toThrow(
      /maximumSize must exceed the 4 special tokens, got 4/,
    );
    expect(() => wordTokenizer({ vocabulary: ['x', 'x'] })).toThrow(/holds "x" twice/);
  });
});

describe('characterTokenizer', () => {
  it('knows printable ASCII without a corpus, and counts runs of space once', () => {
    const tokenizer = characterTokenizer();
    expect(tokenizer.vocabularySize).toBe(99);
    expect(tokenizer.encode(' ~')).toEqual([4, 98]);
    expect(tokenizer.decode(tokenizer.encode('Cat\n\t 2\u00e9'))).toBe('cat 2[UNK]');
  });

  it('takes code points, not halves of them', () => {
    const tokenizer = characterTokenizer({ corpus: ['a\u{1F600}b\u{1F600}'] });
    expect(tokenizer.vocabulary).toEqual(['\u{1F600}', 'a', 'b']);
    expect(tokenizer.encode('b\u{1F600}')).toEqual([6, 4]);
  });
});

describe('encodeBatch', () => {
  const tokenizer = wordTokenizer({ corpus });

  it('fills up and masks', async () => {
    const { ids, mask } = encodeBatch(['a cat', '', 'a cat , a'], { tokenizer, maximumLength: 3 });
    expect(ids.dtype).toBe('int32');
    expect(ids).toBeAllclose([
      [4, 5, 0],
      [0, 0, 0],
      [4, 5, 6],
    ]);
    expect(mask).toBeAllclose([
      [1, 1, 0],
      [0, 0, 0],
      [1, 1, 1],
    ]);
    const short = encodeBatch(['a cat', ''], { tokenizer, maximumLength: 9, length: 'longest' });
    expect(short.ids.shape).toEqual([2, 2]);
    expect(encodeBatch([''], { tokenizer, maximumLength: 9, length: 'longest' }).ids.shape).toEqual([1, 1]);
  });

  it('leaks nothing and refuses what it cannot use', async () => {
    await expectNoLeak(() => encodeBatch(['a'], { tokenizer, maximumLength: 3 }));
    await expectNoLeakWhenThrowing(
      () => encodeBatch(['a', 3 as unknown as string], { tokenizer, maximumLength: 3 }),
      'encodeBatch: texts must be strings',
    );
    expect(() => encodeBatch([], { tokenizer, maximumLength: 3 })).toThrow(/at least one text/);
    expect(() => encodeBatch(['a', 3 as unknown as string], { tokenizer, maximumLength: 3 })).toThrow(
      /got number at 1/,
    );
    expect(() => encodeBatch(['a'], { tokenizer, maximumLength: 0 })).toThrow(/maximumLength must be .* got 0/);
  });
});
