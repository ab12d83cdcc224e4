import type { AddedToken } from './tokenizer-json.js';

/** A stretch of text, or an added token that was found in it, with the text that it took. */
export type Piece = { text: string; first: boolean } | { token: AddedToken; found: string };

const letterBefore = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200C\u200D]$/u;
const letterBehind = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200C\u200D]/u;

/** Finds the given tokens, each by the text it is known by: leftmost first, longest first. */
export function addedTokenFinder(tokens: ReadonlyMap<string, AddedToken>): (text: string) => Piece[] {
  const contents = [...tokens.keys()].filter((content) => content !== '').sort((a, b) => b.length - a.length);
  if (contents.length === 0) return (text) => (text === '' ? [] : [{ text, first: true }]);
  const pattern = new RegExp(contents.map((c) => c.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')).join('|'), 'gu');
  return (text) => {
    const pieces: Piece[] = [];
    let done = 0;
    const textUpTo = (stop: number) => {
      if (stop > done) pieces.push({ text: text.slice(done, stop), first: done === 0 });
    };
    for (const match of text.matchAll(pattern)) {
      const token = tokens.get(match[0])!;
      let start = match.index;
      let stop = start + match[0].length;
      if (token.single_word && (letterBefore.test(text.slice(0, start)) || letterBehind.test(text.slice(stop))))
        continue;
      if (token.lstrip) start = Math.max(done, start - trailingSpace(text.slice(0, start)));
      if (token.rstrip) stop += leadingSpace(text.slice(stop));
      if (start < done) continue; // its beginning was taken with the one before
      textUpTo(start);
      pieces.push({ token, found: text.slice(start, stop) });
      done = stop;
    }
    textUpTo(text.length);
    return pieces;
  };
}

function trailingSpace(text: string): number {
  return /\p{White_Space}*$/u.exec(text)![0].length;
}

function leadingSpace(text: string): number {
  return /^\p{White_Space}*/u.exec(text)![0].length;
}
