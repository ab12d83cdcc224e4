import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  type BleuOptions,
  bleu,
  characterErrorRate,
  ciderD,
  meteorExact,
  rougeL,
  tokenize13a,
  wordErrorRate,
} from '../../src/index.js';

interface GoldenBleu {
  score: number;
  precisions: number[];
  brevityPenalty: number;
  hypothesisLength: number;
  referenceLength: number;
}

interface Case {
  name: string;
  hypotheses: string[];
  references: string[][];
  bleu: Record<string, GoldenBleu>;
  bleuByOrder: Record<string, number>;
  bleuLowercase: number;
  sentenceBleu: number[];
  tokens13a: string[][];
  rougeL: number[];
  rougeLCaptions: number[];
  ciderD: number[];
  meteorExact: number[];
}

interface Rates {
  name: string;
  hypotheses: string[];
  references: string[];
  words: { rate: number; substitutions: number; insertions: number; deletions: number };
  characters: { rate: number; substitutions: number; insertions: number; deletions: number };
}

const { cases, rates } = JSON.parse(readFileSync(new URL('../golden/metrics.json', import.meta.url), 'utf8')) as {
  cases: Case[];
  rates: Rates[];
};

const expectClose = (actual: readonly number[], expected: readonly number[]) => {
  expect(actual.length).toBe(expected.length);
  for (const [i, value] of actual.entries()) expect(value, `at ${i}`).toBeCloseTo(expected[i]!, 9);
};

describe.each(cases)('the metrics of $name', (golden) => {
  const { hypotheses, references } = golden;

  it('have sacrebleu’s tokens', () => {
    expect(hypotheses.map((text) => tokenize13a(text.trimEnd()))).toEqual(golden.tokens13a);
  });

  it.each(Object.keys(golden.bleu))('have sacrebleu’s BLEU with %s', (name) => {
    const [smoothing, tokenization] = name.split(' ') as [BleuOptions['smoothing'], BleuOptions['tokenization']];
    const own = bleu(hypotheses, references, {
      ...(smoothing ? { smoothing } : {}),
      ...(tokenization ? { tokenization } : {}),
    });
    const wanted = golden.bleu[name]!;
    expectClose(
      [own.score, own.brevityPenalty, ...own.precisions],
      [wanted.score, wanted.brevityPenalty, ...wanted.precisions],
    );
    expect([own.hypothesisLength, own.referenceLength]).toEqual([wanted.hypothesisLength, wanted.referenceLength]);
  });

  it('have sacrebleu’s BLEU-1 to BLEU-4, in lower case, and of single sentences', () => {
    for (const [order, score] of Object.entries(golden.bleuByOrder)) {
      const own = bleu(hypotheses, references, { order: Number(order), smoothing: 'none', tokenization: 'words' });
      expect(own.score).toBeCloseTo(score, 9);
    }
    expect(bleu(hypotheses, references, { lowercase: true }).score).toBeCloseTo(golden.bleuLowercase, 9);
    expectClose(
      hypotheses.map((text, i) => bleu([text], [references[i]!], { effectiveOrder: true }).score),
      golden.sentenceBleu,
    );
  });

  it('have rouge-score’s and pycocoevalcap’s ROUGE-L', () => {
    expectClose(rougeL(hypotheses, references).each, golden.rougeL);
    expectClose(rougeL(hypotheses, references, { convention: 'captions' }).each, golden.rougeLCaptions);
  });

  it('have pycocoevalcap’s CIDEr-D and NLTK’s METEOR without stems and synonyms', () => {
    expectClose(ciderD(hypotheses, references).each, golden.ciderD);
    expectClose(meteorExact(hypotheses, references).each, golden.meteorExact);
  });
});

describe.each(rates)('the error rates of $name', ({ hypotheses, references, words, characters }) => {
  it.each([
    ['words', wordErrorRate, words],
    ['characters', characterErrorRate, characters],
  ] as const)('are jiwer’s: %s', (_, rateOf, wanted) => {
    const own = rateOf(hypotheses, references);
    expect(own.rate).toBeCloseTo(wanted.rate, 9);
    const sum = (edits: typeof wanted) => edits.substitutions + edits.insertions + edits.deletions;
    expect(sum(own)).toBe(sum(wanted));
    expect(own.insertions - own.deletions).toBe(wanted.insertions - wanted.deletions);
  });
});

describe('the metrics refuse', () => {
  it.each([
    ['lists of different length', () => bleu(['a'], []), /one or more hypotheses with references each, got 1 and 0/],
    ['no rows', () => ciderD([], []), /got 0 and 0/],
    ['a row without references', () => rougeL(['a'], [[]]), /hypothesis 0 must have a list of one or more references/],
    ['what is no text', () => meteorExact([3 as never], [['a']]), /row 0 must hold texts, got number/],
    ['an order of zero', () => bleu(['a'], [['a']], { order: 0 }), /order must be an integer from 1 to 9, got 0/],
    ['an unknown option', () => bleu(['a'], [['a']], { ordre: 2 } as never), /order/],
    ['references without a word', () => wordErrorRate(['a'], ['']), /must not all be empty/],
    ['references that are too few', () => characterErrorRate(['a', 'b'], ['a']), /got 2 and 1/],
  ])('%s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
