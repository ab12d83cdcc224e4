import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { readJson } from './read-json.js';

/** What we read of a tokenizer_config.json. */
export interface Settings {
  do_lower_case?: boolean;
  strip_accents?: boolean | null;
  tokenize_chinese_chars?: boolean;
  add_prefix_space?: boolean;
}

type Vocabulary = Record<string, number>;

/**
 * A tokenizer.json from the files of older models: `vocab.txt` (WordPiece) or `vocab.json` and `merges.txt` (byte-level
 * BPE). Which of the byte-level kinds it is shows in the vocabulary: `</w>` at the ends of words is CLIP's, `<s>` RoBERTa's.
 *
 * @throws CrossmodalError when the folder holds neither
 */
export async function tokenizerJsonFromVocabulary(folder: string, settings: Settings): Promise<unknown> {
  const read = (name: string) => readFile(join(folder, name), 'utf8').catch(() => undefined);
  const [words, merges] = await Promise.all([read('vocab.txt'), read('merges.txt')]);
  if (words !== undefined) return wordPieceJson(words, settings);
  const file = join(folder, 'vocab.json');
  if (merges === undefined || !(await stat(file).catch(() => undefined))) {
    throw new CrossmodalError(
      `loadTokenizer: ${folder} holds no tokenizer.json, no vocab.txt, and not both vocab.json and merges.txt`,
      { remedy: 'copy the tokeniser of the model into the folder' },
    );
  }
  return byteLevelJson((await readJson(file)) as Vocabulary, merges, settings);
}

const special = (vocabulary: Vocabulary, contents: readonly string[]) =>
  contents
    .filter((content) => content in vocabulary)
    .map((content) => ({ id: vocabulary[content]!, content, normalized: false, special: true }));

/** BERT's tokeniser from one word piece per line. */
function wordPieceJson(
  text: string,
  { do_lower_case: lower, strip_accents, tokenize_chinese_chars }: Settings,
): unknown {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  const vocab: Vocabulary = Object.fromEntries(lines.map((line, i) => [line, i]));
  for (const needed of ['[CLS]', '[SEP]', '[UNK]']) {
    if (!(needed in vocab))
      throw new CrossmodalError(`loadTokenizer: vocab.txt has no line ${needed}, so it is not BERT's`);
  }
  return {
    added_tokens: special(vocab, ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]']),
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: tokenize_chinese_chars ?? true,
      strip_accents: strip_accents ?? null,
      // Published vocabularies are lower-case unless they hold a capital letter.
      lowercase: lower ?? !lines.some((line) => /^[A-Z][a-z]+$/.test(line)),
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'BertProcessing', sep: ['[SEP]', vocab['[SEP]']], cls: ['[CLS]', vocab['[CLS]']] },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: {
      type: 'WordPiece',
      unk_token: '[UNK]',
      continuing_subword_prefix: '##',
      max_input_chars_per_word: 100,
      vocab,
    },
  };
}

function byteLevelJson(vocab: Vocabulary, mergesText: string, { add_prefix_space = false }: Settings): unknown {
  const lines = mergesText.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  const merges = lines.map((line) => line.split(' '));
  const byteLevel = { type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex: true };
  if ('<|startoftext|>' in vocab && 'a</w>' in vocab) return clipJson(vocab, merges);
  const roberta = '<s>' in vocab && '</s>' in vocab;
  return {
    added_tokens: roberta
      ? special(vocab, ['<s>', '<pad>', '</s>', '<unk>', '<mask>']).map((token) => ({
          ...token,
          lstrip: token.content === '<mask>',
        }))
      : special(vocab, ['<|endoftext|>']),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: roberta
      ? {
          type: 'RobertaProcessing',
          sep: ['</s>', vocab['</s>']],
          cls: ['<s>', vocab['<s>']],
          trim_offsets: true,
          add_prefix_space,
        }
      : byteLevel,
    decoder: byteLevel,
    model: { type: 'BPE', unk_token: null, vocab, merges },
  };
}

/** CLIP's words: contractions, letters, single digits, runs of anything else. */
const clipWords = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";

function clipJson(vocab: Vocabulary, merges: string[][]): unknown {
  const [begin, end] = ['<|startoftext|>', '<|endoftext|>'].map((token) => [token, vocab[token]]);
  return {
    added_tokens: special(vocab, ['<|startoftext|>', '<|endoftext|>']),
    normalizer: {
      type: 'Sequence',
      normalizers: [
        { type: 'NFC' },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' },
        { type: 'Lowercase' },
      ],
    },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: clipWords }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      ],
    },
    post_processor: { type: 'RobertaProcessing', sep: end, cls: begin, trim_offsets: false, add_prefix_space: false },
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', unk_token: '<|endoftext|>', end_of_word_suffix: '</w>', vocab, merges },
  };
}
