import { CrossmodalError, type ModelFiles, readConfig, readJson } from '@crossmodal/core';

/** The symbols of a head that writes, and how they become text. */
export interface Symbols {
  /** The number of the symbol that says nothing. */
  blank: number;
  textOf(labels: readonly number[]): string;
}

/**
 * Symbols of wav2vec 2.0 and HuBERT: vocab.json, whose padding is CTC's blank, and whose word delimiter stands for a space.
 *
 * @throws CrossmodalError when there is no vocabulary
 * @see transformers, Wav2Vec2CTCTokenizer
 */
export async function symbolsOf(
  files: ModelFiles,
  { where, config }: { where: string; config: Readonly<Record<string, unknown>> },
): Promise<Symbols> {
  const vocabulary = await readConfig(files, 'vocab.json', { where });
  const settings = ((await readJson(files, 'tokenizer_config.json')) ?? {}) as Record<string, unknown>;
  const text = (name: string, usual: string) =>
    typeof settings[name] === 'string' ? (settings[name] as string) : usual;
  const symbols: string[] = [];
  for (const [symbol, id] of Object.entries(vocabulary)) {
    if (!Number.isSafeInteger(id) || (id as number) < 0) {
      throw new CrossmodalError(
        `${where}: vocab.json: ${JSON.stringify(symbol)} must have a number, got ${JSON.stringify(id)}`,
      );
    }
    symbols[id as number] = symbol;
  }
  const padding = text('pad_token', '<pad>');
  const blank = (vocabulary[padding] ?? config['pad_token_id'] ?? 0) as number;
  const silent = new Set([padding, text('unk_token', '<unk>'), text('bos_token', '<s>'), text('eos_token', '</s>')]);
  const delimiter = text('word_delimiter_token', '|');
  return {
    blank,
    textOf: (labels) =>
      labels
        .map((label) => symbols[label] ?? '')
        .filter((symbol) => !silent.has(symbol))
        .map((symbol) => (symbol === delimiter ? ' ' : symbol))
        .join('')
        .replace(/ +/g, ' ')
        .trim(),
  };
}
