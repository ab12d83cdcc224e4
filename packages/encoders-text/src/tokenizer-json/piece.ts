import type { Matches } from './regex/pattern.js';
import type { CodePointTest } from './unicode/code-points.js';

/** A stretch of text on its way to the model. */
export interface Piece {
  readonly text: string;
  /**
   * How many of its leading UTF-16 units come from the very first character of the whole text. Metaspace with the scheme
   * `first` asks for it.
   */
  readonly opening: number;
}

/** A part of a piece. */
export function cut({ text, opening }: Piece, start: number, end: number): Piece {
  return { text: text.slice(start, end), opening: Math.max(0, Math.min(opening, end) - start) };
}

export type Behavior = 'Removed' | 'Isolated' | 'MergedWithPrevious' | 'MergedWithNext' | 'Contiguous';
export const behaviors: readonly Behavior[] = [
  'Removed',
  'Isolated',
  'MergedWithPrevious',
  'MergedWithNext',
  'Contiguous',
];

/** What a separator is: the matches of a pattern, or what is between them. */
interface Separators {
  matches: Matches;
  invert?: boolean;
}

/** Splits a piece at separators; pieces without text fall away. */
export function split(piece: Piece, { matches, invert = false }: Separators, behavior: Behavior): Piece[] {
  if (matches.length === 0 && (!invert || behavior !== 'Removed')) return [piece];
  const starts: number[] = [];
  const ends: number[] = [];
  const isSeparator: boolean[] = [];
  const add = (start: number, end: number, matched: boolean) => {
    starts.push(start);
    ends.push(end);
    isSeparator.push(matched !== invert);
  };
  let done = 0;
  for (let i = 0; i < matches.length; i += 2) {
    const [start, end] = [matches[i]!, matches[i + 1]!];
    if (done !== start) add(done, start, false);
    add(start, end, true);
    done = end;
  }
  if (done !== piece.text.length) add(done, piece.text.length, false);

  const pieces: Piece[] = [];
  const put = (first: number, last: number) => {
    if (ends[last]! > starts[first]!) pieces.push(cut(piece, starts[first]!, ends[last]!));
  };
  const n = starts.length;
  switch (behavior) {
    case 'Removed':
      for (let i = 0; i < n; i++) if (!isSeparator[i]) put(i, i);
      break;
    case 'Isolated':
      for (let i = 0; i < n; i++) put(i, i);
      break;
    case 'Contiguous':
      for (let i = 0, first = 0; i < n; i++) {
        if (i + 1 < n && isSeparator[i + 1] === isSeparator[i]) continue;
        put(first, i);
        first = i + 1;
      }
      break;
    case 'MergedWithPrevious':
      // Of several separators in a row, the first is merged.
      for (let i = 0, first = 0; i < n; i++) {
        if (i + 1 < n && isSeparator[i + 1] && !isSeparator[i]) continue;
        put(first, i);
        first = i + 1;
      }
      break;
    case 'MergedWithNext':
      // Of several separators in a row, the last is merged.
      for (let i = 0, first = 0; i < n; i++) {
        if (i + 1 < n && isSeparator[i] && !isSeparator[i + 1]) continue;
        put(first, i);
        first = i + 1;
      }
      break;
  }
  return pieces;
}

/** The characters that pass, each a match of its own. */
export function charactersThat(text: string, test: CodePointTest): number[] {
  const matches: number[] = [];
  for (let i = 0; i < text.length; ) {
    const codePoint = text.codePointAt(i)!;
    const next = i + (codePoint > 0xffff ? 2 : 1);
    if (test(codePoint)) matches.push(i, next);
    i = next;
  }
  return matches;
}
