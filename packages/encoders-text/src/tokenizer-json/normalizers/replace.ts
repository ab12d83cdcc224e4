import { CrossmodalError } from '@crossmodal/core';
import type { Fields } from '../fields.js';
import { type Matches, patternOf } from '../regex/pattern.js';
import type { Normalizer } from './normalizer.js';

/** Texts of more characters do not grow: replacements one after the other would multiply a word into gigabytes. */
const longest = 2 ** 22;

/**
 * The text with something else in the place of each match.
 * @throws CrossmodalError when the text grows beyond 4 million characters
 */
export function replaced(text: string, matches: Matches, content: string): string {
  if (matches.length === 0) return text;
  let length = text.length;
  for (let i = 0; i < matches.length; i += 2) length += content.length - (matches[i + 1]! - matches[i]!);
  if (length > text.length && length > longest) {
    throw new CrossmodalError(
      `Replace: a text of ${text.length} characters would become one of ${length}, at most ${longest} are allowed; check the replacements of the tokenizer.json`,
    );
  }
  let result = '';
  let done = 0;
  for (let i = 0; i < matches.length; i += 2) {
    result += text.slice(done, matches[i]) + content;
    done = matches[i + 1]!;
  }
  return result + text.slice(done);
}

/** Puts `content` in the place of each match; a content is text, not a template. */
export function replaceNormalizer(fields: Fields): Normalizer {
  const find = patternOf(fields);
  const content = fields.string('content');
  return {
    apply: (text) => replaced(text, find(text), content),
    opening(text, opening) {
      // What stands for a match belongs to the last character of the match.
      const matches = find(text);
      let count = 0;
      let done = 0;
      for (let i = 0; i < matches.length && matches[i]! <= opening; i += 2) {
        const [start, end] = [matches[i]!, matches[i + 1]!];
        if (end > opening) return count + start - done;
        count += start - done + content.length;
        done = end;
      }
      return count + opening - done;
    },
  };
}
