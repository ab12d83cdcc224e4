import type { Fields } from '../fields.js';
import type { Normalizer } from './normalizer.js';

/** White space at the ends goes. */
export function stripNormalizer(fields: Fields): Normalizer {
  const left = fields.boolean('strip_left');
  const right = fields.boolean('strip_right');
  const leading = (text: string) => (left ? /^\p{White_Space}*/u.exec(text)![0].length : 0);
  const trailing = (text: string) => {
    if (!right) return 0;
    let end = text.length;
    while (end > 0 && /\p{White_Space}/u.test(text[end - 1]!)) end--;
    return text.length - end;
  };
  return {
    apply(text) {
      const start = leading(text);
      return text.slice(start, Math.max(start, text.length - trailing(text)));
    },
    opening: (text, opening) => Math.max(0, Math.min(opening, text.length - trailing(text)) - leading(text)),
  };
}
