import type { Fields } from '../fields.js';
import { filterCodePoints } from '../unicode/code-points.js';
import { normalForm } from '../unicode/normalization-forms.js';
import { isControl, isNonspacingMark } from '../unicode/properties.js';
import { lowercaseNormalizer } from './lowercase.js';
import type { Normalizer } from './normalizer.js';

const whitespace = /[\t\n\r\p{White_Space}]/gu;
const ideographs =
  /[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\uf900-\ufaff\u{2f800}-\u{2fa1f}]/gu;
const plain = /^[ -~]*$/;

/**
 * BERT's: control characters go, white space becomes blanks, ideographs get blanks around them, accents go, and case.
 * @see https://github.com/google-research/bert/blob/master/tokenization.py
 */
export function bertNormalizer(fields: Fields): Normalizer {
  const cleanText = fields.boolean('clean_text');
  const handleIdeographs = fields.boolean('handle_chinese_chars');
  const lowercase = fields.boolean('lowercase');
  const stripAccents = fields.has('strip_accents') ? fields.boolean('strip_accents') : lowercase;
  return {
    apply(text) {
      if (plain.test(text)) return lowercase ? text.toLowerCase() : text;
      let result = text;
      if (cleanText) {
        result = filterCodePoints(result, (c) => c !== 0 && c !== 0xfffd && !isControl(c)).replace(whitespace, ' ');
      }
      if (handleIdeographs) result = result.replace(ideographs, ' $& ');
      if (stripAccents) result = filterCodePoints(normalForm(result, 'NFD'), (c) => !isNonspacingMark(c));
      return lowercase ? lowercaseNormalizer.apply(result) : result;
    },
  };
}
