import { classOfRuns, classTest, runsOf } from './code-points.js';
import {
  assignedLate,
  extendedPictographic,
  formatMissing,
  marksMissing,
  nonspacingMissing,
  punctuationExtra,
  punctuationMissing,
} from './data.js';

const late = `[${classOfRuns(runsOf(assignedLate))}]`;
const not = (encoded: string) => `[${classOfRuns(runsOf(encoded))}]`;

/** A class as the library's regular expressions know it: `inner` without what Unicode 17 assigned. */
export const withoutLate = (inner: string): string => `[[${inner}]--${late}]`;
/** A class of unassigned code points, with those of Unicode 17. */
export const withLate = (inner: string): string => `[${inner}${late}]`;

/** `\w` of the library's regex crate. */
export const wordClass = withoutLate('\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}');

export const isWordCharacter = classTest(wordClass);
export const isWhitespace = classTest('\\p{White_Space}');
/** General categories Nd, Nl and No. */
export const isNumeric = classTest('\\p{N}');

/** ASCII punctuation and symbols, and general category P as the library's tables know it. */
export const isPunctuation = classTest(
  `[[[\\u{21}-\\u{2f}\\u{3a}-\\u{40}\\u{5b}-\\u{60}\\u{7b}-\\u{7e}\\p{P}]--${not(punctuationMissing)}]${not(punctuationExtra)}]`,
);

/** Nonspacing marks, as BertNormalizer knows them. */
export const isNonspacingMark = classTest(`[[\\p{Mn}--${not(nonspacingMissing)}]\\u{1734}\\u{1171e}]`);
/** Combining marks, as StripAccents knows them. */
export const isCombiningMark = classTest(`[[\\p{M}--${not(marksMissing)}]\\u{1cf2}\\u{1cf3}]`);

/** Control, format and private characters, as BertNormalizer knows them; tabs and line ends are white space. */
export const isControl = classTest(`[[\\p{Cc}\\p{Cf}\\p{Co}]--[${not(formatMissing)}\\t\\n\\r]]`);

/** What `\p{Extended_Pictographic}` means to the library. */
export const extendedPictographicClass = `[${classOfRuns(runsOf(extendedPictographic))}]`;
