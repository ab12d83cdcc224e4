import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { CrossmodalError } from '@crossmodal/core';
import { describe, expect, it } from 'vitest';
import { type PretrainedTokenizerOptions, pretrainedTokenizer } from '../src/index.js';
import { compare, type Golden } from './tokenizer-json-cases.js';

const golden = JSON.parse(
  gunzipSync(readFileSync(new URL('./golden/tokenizer_json/cases.json.gz', import.meta.url))).toString(),
) as Golden;

/** A tokenizer.json of words; `changes` are its other sections. */
function words(list: readonly string[], changes: object = {}): Record<string, unknown> {
  const vocab = Object.fromEntries(['[UNK]', ...list].map((word, i) => [word, i]));
  return { model: { type: 'WordLevel', vocab, unk_token: '[UNK]' }, ...changes };
}

const split = (regex: string) =>
  pretrainedTokenizer(
    words([], { pre_tokenizer: { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false } }),
  );
const messageOf = (action: () => unknown): string => {
  try {
    action();
  } catch (error) {
    expect(CrossmodalError.isInstance(error)).toBe(true);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
};

describe('generated files, against the Rust library', () => {
  // At least so many comparisons, so that a fixture that lost its cases does not pass.
  for (const [group, least] of [
    ['pieces', 9000],
    ['models', 2500],
    ['decoders', 1400],
  ] as const) {
    it(`${group} come out as in tokenizers ${golden.version}`, () => {
      const { count, deviations } = compare(golden, group, (contents) => pretrainedTokenizer(contents));
      expect(deviations.slice(0, 5)).toEqual([]);
      expect(deviations).toHaveLength(0);
      expect(count).toBeGreaterThan(least);
    }, 60_000);
  }
});

describe('the defects of B5', () => {
  const tokensOf = (preTokenizer: object, list: string[], text: string) =>
    pretrainedTokenizer(words(list, { pre_tokenizer: preTokenizer })).encodeText(text).tokens;

  it('Split removes a blank and keeps the words', () => {
    const type = { type: 'Split', pattern: { String: ' ' }, behavior: 'Removed', invert: false };
    expect(tokensOf(type, ['a', 'cat'], 'a cat')).toEqual(['a', 'cat']);
  });

  it('Split isolates what an inverted pattern leaves', () => {
    const type = { type: 'Split', pattern: { String: ' ' }, behavior: 'Isolated', invert: true };
    expect(tokensOf(type, ['a', ' ', 'cat'], 'a cat')).toEqual(['a', ' ', 'cat']);
  });

  it('Punctuation isolates each mark', () => {
    expect(tokensOf({ type: 'Punctuation' }, ['ab', '.', 'c'], 'ab..c')).toEqual(['ab', '.', '.', 'c']);
  });

  it('Unigram falls back to bytes', () => {
    const bytes = ['<0xC3>', '<0xA9>'].map((token) => [token, -9]);
    const model = { type: 'Unigram', unk_id: 0, byte_fallback: true, vocab: [['<unk>', 0], ['a', -1], ...bytes] };
    expect(pretrainedTokenizer({ model }).encodeText('aé').tokens).toEqual(['a', '<0xC3>', '<0xA9>']);
  });
});

describe('words in regular expressions', () => {
  // Of tokenizers 0.23.3, over all characters below U+3100: a class in brackets has none of the superscripts and fractions of Latin-1.
  it.each([
    ['\\w', true],
    ['\\p{Word}', true],
    ['[\\w]', false],
    ['[^\\W]', false],
    ['[^\\W\\d_]', false],
    ['(?i)[\\w]', false],
    ['[\\p{Word}]', false],
    ['[\\P{Word}]', true],
    ['[^\\w]', true],
    ['[\\W]', true],
    ['[[:word:]]', false],
  ])('%s', (regex, matches) => {
    const type = { type: 'Split', pattern: { Regex: regex }, behavior: 'Removed', invert: false };
    const tokenizer = pretrainedTokenizer(words([], { pre_tokenizer: type }));
    for (const sign of '²³¹¼½¾') expect(tokenizer.encodeText(sign).ids.length === 0, sign).toBe(matches);
  });
});

describe('what is refused', () => {
  it('unknown types, by name and place', () => {
    const file = words([], { pre_tokenizer: { type: 'Sequence', pretokenizers: [{ type: 'Digit' }] } });
    expect(messageOf(() => pretrainedTokenizer(file))).toMatch(
      /pre_tokenizer \(Sequence\)\.pretokenizers\[0\] has the unknown type "Digit"; the types are .*Digits/,
    );
    for (const section of ['normalizer', 'post_processor', 'decoder']) {
      expect(messageOf(() => pretrainedTokenizer(words([], { [section]: { type: 'Nope' } })))).toContain(
        `${section} has the unknown type "Nope"`,
      );
    }
    expect(messageOf(() => pretrainedTokenizer({ model: { type: 'LSTM', vocab: {} } }))).toContain('"LSTM"');
    expect(messageOf(() => pretrainedTokenizer(words([], { normalizer: { type: 'constructor' } })))).toContain(
      'unknown type "constructor"',
    );
  });

  it('fields that are missing or wrong', () => {
    const normalizer = { type: 'BertNormalizer', clean_text: 'yes', handle_chinese_chars: true, lowercase: true };
    expect(messageOf(() => pretrainedTokenizer(words([], { normalizer })))).toContain(
      'normalizer (BertNormalizer).clean_text must be true or false, got "yes"',
    );
    const preTokenizer = { type: 'Split', pattern: { String: 'a' }, behavior: 'Kept', invert: false };
    expect(messageOf(() => pretrainedTokenizer(words([], { pre_tokenizer: preTokenizer })))).toContain(
      'behavior must be one of Removed, Isolated',
    );
    const model = { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [['a', 'b']] };
    expect(messageOf(() => pretrainedTokenizer({ model }))).toContain('the token "ab" is not in the vocabulary');
    expect(messageOf(() => pretrainedTokenizer({ model: { ...model, merges: [], dropout: 0.1 } }))).toContain(
      'dropout must be null or 0, got 0.1',
    );
    expect(messageOf(() => pretrainedTokenizer({ model: { ...model, vocab: { a: -1 } } }))).toContain('got -1 for "a"');
  });

  it('regular expressions with mistakes, and by name what is not supported', () => {
    for (const [regex, message] of [
      ['(', /a parenthesis is not closed/],
      ['a)', /closed that was not opened/],
      ['*a', /nothing before \* to repeat/],
      ['[a', /a class is not closed/],
      ['[z-a]', /a range in a class is empty/],
      ['[\\d-x]', /begins with a class/],
      ['\\p{Nope}', /the property \\p\{Nope\} is not supported/],
      ['(?<n>a)\\1', /cannot be referred to by number/],
      ['\\2(a)', /there is no group 2/],
      ['(?~a)', /absent groups/],
      ['(?(1)a|b)', /conditions/],
      ['(?<n>a\\g<n>?)', /\\g is not supported/],
      ['\\X', /\\X is not supported/],
      ['(?W:\\w)', /the option W/],
      ['a{200000}', /at most 100000 times/],
    ] as const) {
      expect(
        messageOf(() => split(regex)),
        regex,
      ).toMatch(message);
    }
  });

  it('words without an unknown token, naming the word', () => {
    const model = { type: 'WordLevel', vocab: { a: 0 }, unk_token: '[UNK]' };
    expect(messageOf(() => pretrainedTokenizer({ model }).encode('b'))).toMatch(/word b is unknown.*\[UNK\]/);
    const unigram = { type: 'Unigram', vocab: [['a', -1]] };
    expect(messageOf(() => pretrainedTokenizer({ model: unigram }).encode('ab'))).toContain('there is no unk_id');
  });

  it('what is no text', () => {
    const { encodeText } = pretrainedTokenizer(words(['a']));
    for (const text of [undefined, 3, [], ['a', 'b', 'c'], ['a', 1]]) {
      expect(messageOf(() => encodeText(text as unknown as string))).toContain(
        'a text must be a string or a pair of strings',
      );
    }
  });

  it('unknown options, with the nearest', () => {
    const tokenizer = pretrainedTokenizer(words(['a']));
    const loose = <T>(value: unknown) => value as T;
    expect(messageOf(() => tokenizer.encodeText('a', loose({ padings: null })))).toContain("did you mean 'padding'?");
    expect(messageOf(() => tokenizer.encodeText('a', { truncation: loose({ maxLength: 3 }) }))).toContain(
      'maximumLength',
    );
    expect(messageOf(() => tokenizer.encodeText('a', { padding: loose({ side: 'left' }) }))).toContain('direction');
    expect(messageOf(() => tokenizer.decode([1], loose({ skipSpecialToken: true })))).toContain(
      "did you mean 'skipSpecialTokens'?",
    );
    expect(messageOf(() => tokenizer.encode('a', loose({ maximumlength: 3 })))).toContain('there is no option');
    expect(messageOf(() => pretrainedTokenizer(words([]), loose({ sources: 'x' })))).toContain(
      "did you mean 'source'?",
    );
    expect(messageOf(() => tokenizer.encodeText('a', { truncation: {} }))).toContain('an integer of at least 0');
  });
});

describe('files that are not to be trusted', () => {
  it('a regular expression that takes exponentially long is given up', () => {
    const start = performance.now();
    expect(messageOf(() => split('(a+)+b').encode('a'.repeat(60)))).toMatch(/more than 10000000 steps/);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('a long word is merged fast', () => {
    const vocab: Record<string, number> = { a: 0 };
    const merges: [string, string][] = [];
    for (let size = 2; size <= 1024; size *= 2) {
      vocab['a'.repeat(size)] = Object.keys(vocab).length;
      merges.push(['a'.repeat(size / 2), 'a'.repeat(size / 2)]);
    }
    const tokenizer = pretrainedTokenizer({ model: { type: 'BPE', vocab, merges } });
    const start = performance.now();
    expect(tokenizer.encode('a'.repeat(102_400))).toEqual(new Array(100).fill(vocab['a'.repeat(1024)]));
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('components nested without end are refused', () => {
    let normalizer: object = { type: 'NFC' };
    for (let i = 0; i < 5000; i++) normalizer = { type: 'Sequence', normalizers: [normalizer] };
    expect(messageOf(() => pretrainedTokenizer(words([], { normalizer })))).toContain('nested more than 32 deep');
    expect(messageOf(() => split(`${'('.repeat(5000)}a${')'.repeat(5000)}`))).toContain('nested more than 100 deep');
  });

  it('replacements that multiply a word are given up', () => {
    const ten = { type: 'Replace', pattern: { String: 'a' }, content: 'aaaaaaaaaa' };
    const normalizer = { type: 'Sequence', normalizers: new Array(30).fill(ten) };
    const tokenizer = pretrainedTokenizer(words([], { normalizer }));
    expect(messageOf(() => tokenizer.encode('a'))).toContain('Replace: a text of 1000000 characters would become');
  });

  it('a template that repeats the text a hundred thousand times is refused', () => {
    const place = { Sequence: { id: 'A', type_id: 0 } };
    const template = (single: object[], special_tokens = {}) =>
      words([], { post_processor: { type: 'TemplateProcessing', single, pair: [], special_tokens } });
    expect(messageOf(() => pretrainedTokenizer(template(new Array(1e5).fill(place))))).toContain('at most 1000 places');
    const many = { x: { id: 'x', ids: new Array(2000).fill(0), tokens: new Array(2000).fill('x') } };
    const special = { SpecialToken: { id: 'x', type_id: 0 } };
    expect(messageOf(() => pretrainedTokenizer(template([place, special], many)))).toContain('got 2 and 2000');
  });

  it('padding without end is refused', () => {
    const padding = { strategy: { Fixed: 1e12 }, direction: 'Left', pad_id: 0, pad_type_id: 0, pad_token: 'x' };
    expect(messageOf(() => pretrainedTokenizer(words([], { padding })))).toContain('strategy.Fixed must be at most');
  });

  it('names of the object prototype are words like others', () => {
    const tokenizer = pretrainedTokenizer(
      JSON.parse('{"model":{"type":"WordLevel","unk_token":"u","vocab":{"u":0,"__proto__":1}}}'),
    );
    expect(tokenizer.encode('__proto__')).toEqual([1]);
    expect(tokenizer.encode('constructor')).toEqual([0]);
    expect(tokenizer.tokenToId('toString')).toBeUndefined();
  });
});

describe('the tokeniser', () => {
  it('takes half a surrogate for U+FFFD', () => {
    const tokenizer = pretrainedTokenizer(words(['\ufffd', 'a\ufffd']));
    expect(tokenizer.encode('\ud83d')).toEqual([1]);
    expect(tokenizer.encode('a\ude00')).toEqual([2]);
  });

  it('gives added tokens the numbers behind the model, whatever the file says', () => {
    const added = [
      { id: 77, content: 'new', special: false },
      { id: 5, content: 'a', special: true },
    ];
    const tokenizer = pretrainedTokenizer(words(['a'], { added_tokens: added }));
    expect([...tokenizer.vocabulary()]).toEqual([
      ['[UNK]', 0],
      ['new', 2],
      ['a', 1],
    ]);
    expect([tokenizer.vocabularySize, tokenizer.idToToken(2), tokenizer.idToToken(77)]).toEqual([3, 'new', undefined]);
    expect(tokenizer.decode([1, 2])).toBe('new');
    expect(tokenizer.decode([1, 2], { skipSpecialTokens: false })).toBe('a new');
  });

  it('keeps vocabularySize above every number where there are gaps', () => {
    const model = { type: 'WordLevel', vocab: { u: 0, a: 9 }, unk_token: 'u' };
    expect(pretrainedTokenizer({ model }).vocabularySize).toBe(10);
  });

  it('reads files without types, as older ones are', () => {
    const bpe = { vocab: { a: 0, b: 1, ab: 2 }, merges: ['#version: 0.2', 'a b'] };
    expect(pretrainedTokenizer({ model: bpe }).encode('ab')).toEqual([2]);
    expect(pretrainedTokenizer({ model: { vocab: [['a', -1]], unk_id: 0 } }).encode('a')).toEqual([0]);
  });

  it('cuts nothing where a file leaves no room for its special tokens', () => {
    const file = words(['a', 'b', 's'], {
      pre_tokenizer: { type: 'Whitespace' },
      post_processor: { type: 'BertProcessing', sep: ['s', 3], cls: ['s', 3] },
      truncation: { max_length: 1, stride: 0, strategy: 'LongestFirst', direction: 'Right' },
    });
    expect(pretrainedTokenizer(file).encodeText('a b').ids).toEqual([3, 1, 2, 3]);
  });
});

describe('tokenizer_config.json', () => {
  const make = (config: object, changes: object = {}, options: PretrainedTokenizerOptions = {}) =>
    pretrainedTokenizer(words(['a', 'b', 'A', '.'], { pre_tokenizer: { type: 'Whitespace' }, ...changes }), {
      config,
      ...options,
    });

  it('names sides and the most tokens', () => {
    const tokenizer = make({ model_max_length: 2, padding_side: 'left', truncation_side: 'left', pad_token: 'b' });
    expect([tokenizer.modelMaximumLength, tokenizer.paddingId]).toEqual([2, 2]);
    expect(tokenizer.encodeText('a b A', { truncation: {} }).ids).toEqual([2, 3]);
    expect(tokenizer.encodeText('a b A', { truncation: { direction: 'right' } }).ids).toEqual([1, 2]);
    expect(tokenizer.encodeText('a', { padding: { length: 3 } }).ids).toEqual([2, 2, 1]);
    expect(make({ model_max_length: 1e30 }).modelMaximumLength).toBeUndefined();
  });

  it('tidies spaces', () => {
    expect(make({ clean_up_tokenization_spaces: true }).decode([1, 4])).toBe('a.');
    expect(make({ clean_up_tokenization_spaces: true }).decode([1, 4], { tidySpaces: false })).toBe('a .');
    expect(make({}).decode([1, 4])).toBe('a .');
  });

  it('adds tokens that the file lacks', () => {
    const tokenizer = make({
      added_tokens_decoder: { 9: { content: '<x>', special: true }, 4: { content: 'a', special: false } },
      mask_token: { content: '<mask>', lstrip: true },
      additional_special_tokens: ['<y>'],
    });
    expect(tokenizer.encodeText('b<x> <mask><y>a').tokens).toEqual(['b', '<x>', ' <mask>', '<y>', 'a']);
    expect(tokenizer.tokenToId('<x>')).toBe(5);
  });

  it('overrides what BERT and byte-level models do', () => {
    const normalizer = { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, lowercase: true };
    expect(make({ do_lower_case: false }, { normalizer }).encode('A')).toEqual([3]);
    expect(make({}, { normalizer }).encode('A')).toEqual([1]);
    const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true };
    expect(make({ add_prefix_space: true }, { pre_tokenizer: byteLevel }).encode('a')).toEqual([0]);
    expect(make({}, { pre_tokenizer: byteLevel }).encode('a')).toEqual([1]);
  });

  it('is refused where a field is wrong', () => {
    expect(messageOf(() => make({ padding_side: 'top' }))).toContain(
      'padding_side must be one of left, right, got "top"',
    );
    expect(messageOf(() => make({ model_max_length: 1.5 }))).toContain('model_max_length');
  });
});
