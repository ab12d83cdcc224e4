import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CrossmodalError } from '@crossmodal/core';
import { goldenIndex } from '@crossmodal/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  loadTokenizer,
  type Padding,
  type PretrainedTokenizer,
  pretrainedTokenizer,
  type Truncation,
} from '../src/index.js';

const folder = new URL('./golden/tokenizers_trained/', import.meta.url);
const pathOf = (name: string) => fileURLToPath(new URL(name, folder));

interface Expected {
  text: string | [string, string];
  ids: number[];
  tokens: string[];
  type_ids: number[];
  attention_mask: number[];
  special_tokens_mask: number[];
  decoded: string;
  decoded_with_special: string;
  overflowing?: number[][];
}

interface Group {
  group: string;
  truncation?: { max_length: number; stride?: number; direction?: 'left' | 'right'; strategy?: string };
  padding?: { pad_token: string; pad_id: number; length?: number; pad_to_multiple_of?: number; direction?: 'left' };
  encodings: Expected[];
}

function truncationOf({ truncation }: Group): Truncation | null {
  if (!truncation) return null;
  const { max_length: maximumLength, stride, direction, strategy } = truncation;
  return { maximumLength, stride, direction, strategy: strategy === 'only_first' ? 'onlyFirst' : 'longestFirst' };
}

function paddingOf({ padding }: Group): Padding | null {
  if (!padding) return null;
  const { length, pad_to_multiple_of: multipleOf, direction, pad_id: id, pad_token: token } = padding;
  return { length, multipleOf, direction, id, token };
}

describe('against the Rust library', () => {
  for (const { name } of goldenIndex<{ cases: { name: string }[] }>(folder).cases) {
    it(name, async () => {
      const tokenizer = await loadTokenizer(pathOf(`${name}/tokenizer.json`));
      const { vocab_size: size, groups } = JSON.parse(await readFile(pathOf(`${name}/vectors.json`), 'utf8')) as {
        vocab_size: number;
        groups: Group[];
      };
      expect(tokenizer.vocabularySize).toBe(size);
      for (const group of groups) {
        const options = {
          specialTokens: !group.group.includes('add_special_tokens false'),
          truncation: truncationOf(group),
          padding: paddingOf(group),
        };
        const texts = group.encodings.map(({ text }) => text);
        // Batches are padded to their longest; the other groups are texts on their own.
        const encodings = tokenizer.encodeTexts(texts, options);
        for (const [i, expected] of group.encodings.entries()) {
          const found = encodings[i]!;
          expect({
            text: expected.text,
            ids: found.ids,
            tokens: found.tokens,
            type_ids: found.typeIds,
            attention_mask: found.attentionMask,
            special_tokens_mask: found.specialTokensMask,
            decoded: tokenizer.decode(expected.ids),
            decoded_with_special: tokenizer.decode(expected.ids, { skipSpecialTokens: false }),
            overflowing: found.overflowing.map(({ ids }) => ids),
          }).toEqual({ ...expected, overflowing: expected.overflowing ?? [] });
        }
      }
    });
  }
});

describe('pretrainedTokenizer', () => {
  let tokenizer: PretrainedTokenizer;
  let contents: Record<string, unknown>;
  beforeAll(async () => {
    contents = JSON.parse(await readFile(pathOf('wordpiece_cased_left_padding/tokenizer.json'), 'utf8'));
    tokenizer = pretrainedTokenizer(contents);
  });

  it('is a tokeniser for encoders: cuts with its special tokens, names its padding', () => {
    const whole = tokenizer.encode('a small harbor');
    expect([whole[0], whole.at(-1)]).toEqual([2, 3]);
    const cut = tokenizer.encode('a small harbor with many boats', { maximumLength: 4 });
    expect(cut).toEqual([2, whole[1], whole[2], 3]);
    expect(tokenizer.paddingId).toBe(0);
    expect(tokenizer.decode(whole)).toBe('a small harbor');
    expect(tokenizer.tokenToId('[SEP]')).toBe(3);
    expect(tokenizer.idToToken(2)).toBe('[CLS]');
    expect(tokenizer.decode([])).toBe('');
  });

  it('obeys truncation and padding of the file unless told otherwise', () => {
    const settings = {
      ...contents,
      truncation: { max_length: 5, stride: 0, strategy: 'LongestFirst', direction: 'Right' },
      padding: { strategy: { Fixed: 6 }, direction: 'Left', pad_id: 7, pad_type_id: 0, pad_token: 'x' },
    };
    const strict = pretrainedTokenizer(settings);
    expect(strict.paddingId).toBe(7);
    expect(strict.encodeText('a b c d e').ids).toEqual([7, ...tokenizer.encode('a b c')]);
    expect(strict.encodeText('a b c d e', { truncation: null, padding: null }).ids).toEqual(
      tokenizer.encode('a b c d e'),
    );
  });

  it('cuts the second of a pair, and refuses when there is too little to cut', () => {
    const pair = ['a b', 'c d e f'] as const;
    const cut = tokenizer.encodeText(pair, { truncation: { maximumLength: 7, strategy: 'onlySecond' } });
    expect(cut.ids).toEqual([...tokenizer.encode('a b'), ...tokenizer.encode('c d').slice(1)]);
    expect(() => tokenizer.encodeText(pair, { truncation: { maximumLength: 7, strategy: 'onlyFirst' } })).toThrow(
      /onlyFirst must cut 2 tokens from a text of 2, and keep one; raise maximumLength/,
    );
    expect(() => tokenizer.encode('a', { maximumLength: 1 })).toThrow(/leave room for 2 special tokens, got 1/);
    expect(() => tokenizer.encodeText('a b c d', { truncation: { maximumLength: 4, stride: 2 } })).toThrow(
      /stride must be below the 2 tokens that a window holds, got 2/,
    );
  });
});

describe('loadTokenizer', () => {
  let scratch: string;
  beforeAll(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'crossmodal-tokenizers-'));
  });
  afterAll(() => rm(scratch, { recursive: true, force: true }));

  async function model(name: string, files: Record<string, string>): Promise<string> {
    const path = join(scratch, name);
    await mkdir(path);
    for (const [file, text] of Object.entries(files)) await writeFile(join(path, file), text);
    return path;
  }

  it("reads BERT's vocab.txt, and guesses its case", async () => {
    const lines = ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]', 'a', 'cat', '##s', ',', 'e'];
    const lower = await loadTokenizer(await model('bert', { 'vocab.txt': `${lines.join('\n')}\n` }));
    expect(lower.encode('A cats, \u00e9 dog')).toEqual([2, 5, 6, 7, 8, 9, 1, 3]);
    expect(lower.vocabularySize).toBe(10);
    expect(lower.decode([2, 5, 6, 7, 3])).toBe('a cats');
    const cased = await loadTokenizer(await model('cased', { 'vocab.txt': [...lines, 'Cat'].join('\n') }));
    expect(cased.encode('Cat A')).toEqual([2, 10, 1, 3]);
    const pair = lower.encodeText(['a', 'cat']);
    expect([pair.ids, pair.typeIds]).toEqual([
      [2, 5, 3, 6, 3],
      [0, 0, 0, 1, 1],
    ]);
    await expect(loadTokenizer(await model('plain', { 'vocab.txt': 'a\nb' }))).rejects.toThrow(/no line \[CLS\]/);
  });

  it('reads the vocabulary and merges of GPT-2, RoBERTa and CLIP', async () => {
    const merges = '#version: 0.2\nc a\nca t\n\u0120 cat\n';
    const pieces = ['c', 'a', 't', '\u0120', 'ca', 'cat', '\u0120cat'];
    const vocabulary = (tokens: string[]) => JSON.stringify(Object.fromEntries(tokens.map((t, i) => [t, i])));
    const gpt2 = await loadTokenizer(
      await model('gpt2', { 'vocab.json': vocabulary([...pieces, '<|endoftext|>']), 'merges.txt': merges }),
    );
    expect(gpt2.encode('cat cat<|endoftext|>')).toEqual([5, 6, 7]);
    expect(gpt2.decode([5, 6])).toBe('cat cat');
    const roberta = await loadTokenizer(
      await model('roberta', {
        'vocab.json': vocabulary(['<s>', '<pad>', '</s>', '<unk>', '<mask>', ...pieces]),
        'merges.txt': merges,
        'tokenizer_config.json': JSON.stringify({ pad_token: '<pad>' }),
      }),
    );
    expect(roberta.encode('cat <mask>')).toEqual([0, 10, 4, 2]);
    expect(roberta.paddingId).toBe(1);
    const clip = await loadTokenizer(
      await model('clip', {
        'vocab.json': vocabulary([
          'c',
          'a',
          't',
          'a</w>',
          't</w>',
          'ca',
          'cat</w>',
          '<|startoftext|>',
          '<|endoftext|>',
        ]),
        'merges.txt': '#version: 0.2\nc a\nca t</w>',
      }),
    );
    expect(clip.encode('Cat   A')).toEqual([7, 6, 3, 8]);
  });

  it('prefers the tokenizer.json of a folder', async () => {
    const file = await readFile(pathOf('wordlevel_lower/tokenizer.json'), 'utf8');
    const path = await model('folder', { 'tokenizer.json': file, 'vocab.txt': 'a' });
    const [a, b] = [await loadTokenizer(path), await loadTokenizer(pathOf('wordlevel_lower/tokenizer.json'))];
    expect(a.encode('a tree')).toEqual(b.encode('a tree'));
  });

  it('names the file and the remedy when something is wrong', async () => {
    const json = await readFile(pathOf('wordlevel_lower/tokenizer.json'), 'utf8');
    const folderOf = (name: string, text: string) => model(name, { 'tokenizer.json': text });
    const bad: [string, RegExp][] = [
      [join(scratch, 'absent'), /absent does not exist; give the path of a tokenizer\.json/],
      [await folderOf('empty', ''), /tokenizer\.json is empty/],
      [
        await folderOf('cut', json.slice(0, 500)),
        /tokenizer\.json is not JSON: .*; it may be cut short, or a pointer file/,
      ],
      [await folderOf('other', '{"a": 1}'), /is not a tokenizer\.json: it has no model with a vocabulary/],
      [
        await folderOf('kind', JSON.stringify({ ...JSON.parse(json), decoder: { type: 'Nope' } })),
        /cannot be used: .*Nope/,
      ],
      [await model('nothing', {}), /holds no tokenizer\.json, no vocab\.txt, and not both vocab\.json and merges\.txt/],
    ];
    for (const [path, message] of bad) {
      const error = await loadTokenizer(path).catch((e: unknown) => e);
      expect(CrossmodalError.isInstance(error)).toBe(true);
      expect((error as Error).message).toMatch(message);
    }
    expect(() => pretrainedTokenizer(JSON.parse(json), { paddingToken: 'zzz' })).toThrow(/no padding token zzz/);
  });
});
