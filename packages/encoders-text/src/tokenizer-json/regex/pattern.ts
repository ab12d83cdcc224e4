import type { Fields } from '../fields.js';
import { BacktrackMatcher } from './backtrack.js';
import { nativeSource, runsNatively } from './native.js';
import { parsePattern } from './parse.js';
import { PatternError } from './syntax.js';

/** Places in a text: starts and ends in turn, counted in UTF-16 units. */
export type Matches = readonly number[];

/** Finds all that matches in a text, from left to right. */
export type Pattern = (text: string) => Matches;

/** Longer patterns are refused. */
const longest = 20_000;

/** All matches of a literal text; the empty one matches between all characters. */
export function literalPattern(literal: string): Pattern {
  if (literal === '') return (text) => searchAll(text, (from) => [from, from]);
  return (text) => {
    const matches: number[] = [];
    for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length)) {
      matches.push(at, at + literal.length);
    }
    return matches;
  };
}

/**
 * A regular expression of Oniguruma.
 * @throws PatternError when it has a mistake, or asks for what is not supported
 */
export function regexPattern(pattern: string): Pattern {
  if (pattern.length > longest) throw new PatternError(`it is longer than ${longest} characters`);
  const node = parsePattern(pattern);
  if (!runsNatively(node)) {
    const matcher = new BacktrackMatcher(node);
    return (text) => searchAll(text, (from) => matcher.find(text, from));
  }
  const regex = new RegExp(nativeSource(node), 'gv');
  return (text) =>
    searchAll(text, (from) => {
      regex.lastIndex = from;
      for (;;) {
        const match = regex.exec(text);
        if (!match) return undefined;
        const { index } = match;
        // The engine also tries between the two units of a character.
        if (index === 0 || text.codePointAt(index - 1)! <= 0xffff) return [index, index + match[0].length];
        regex.lastIndex = index + 1;
      }
    });
}

/** An empty match is not taken directly behind another match; then the search goes on one character later. */
function searchAll(text: string, find: (from: number) => readonly [number, number] | undefined): number[] {
  const matches: number[] = [];
  let from = 0;
  let last = -1;
  while (from <= text.length) {
    const match = find(from);
    if (!match) break;
    const [start, end] = match;
    if (start === end && end === last) {
      from += from < text.length && text.codePointAt(from)! > 0xffff ? 2 : 1;
      continue;
    }
    matches.push(start, end);
    from = end;
    last = end;
  }
  return matches;
}

/** The field `pattern`: `{ String }` or `{ Regex }`. @throws CrossmodalError naming the pattern and what is wrong with it */
export function patternOf(fields: Fields): Pattern {
  const pattern = fields.child('pattern');
  if (pattern.has('String') || pattern.raw('String') === '') return literalPattern(pattern.string('String'));
  if (!pattern.has('Regex')) throw fields.error('.pattern must be { "String": ... } or { "Regex": ... }');
  const source = pattern.string('Regex');
  const describe = (error: unknown) =>
    error instanceof PatternError
      ? fields.error(`: the regular expression ${source} cannot be used: ${error.message}`, { cause: error })
      : error;
  let find: Pattern;
  try {
    find = regexPattern(source);
  } catch (error) {
    throw describe(error);
  }
  return (text) => {
    try {
      return find(text);
    } catch (error) {
      throw describe(error);
    }
  };
}
