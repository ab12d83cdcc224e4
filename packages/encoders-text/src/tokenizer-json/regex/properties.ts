import { extendedPictographicClass, withLate, withoutLate } from '../unicode/properties.js';
import { PatternError } from './syntax.js';

const categories: Record<string, string> = {
  L: 'Letter',
  Lu: 'Uppercase_Letter',
  Ll: 'Lowercase_Letter',
  Lt: 'Titlecase_Letter',
  LC: 'Cased_Letter',
  Lm: 'Modifier_Letter',
  Lo: 'Other_Letter',
  M: 'Mark',
  Mn: 'Nonspacing_Mark',
  Mc: 'Spacing_Mark',
  Me: 'Enclosing_Mark',
  N: 'Number',
  Nd: 'Decimal_Number',
  Nl: 'Letter_Number',
  No: 'Other_Number',
  P: 'Punctuation',
  Pc: 'Connector_Punctuation',
  Pd: 'Dash_Punctuation',
  Ps: 'Open_Punctuation',
  Pe: 'Close_Punctuation',
  Pi: 'Initial_Punctuation',
  Pf: 'Final_Punctuation',
  Po: 'Other_Punctuation',
  S: 'Symbol',
  Sm: 'Math_Symbol',
  Sc: 'Currency_Symbol',
  Sk: 'Modifier_Symbol',
  So: 'Other_Symbol',
  Z: 'Separator',
  Zs: 'Space_Separator',
  Zl: 'Line_Separator',
  Zp: 'Paragraph_Separator',
  Cc: 'Control',
  Cf: 'Format',
  Co: 'Private_Use',
};

/** The classes that POSIX names, in Unicode; the same in `[[:name:]]` and, but for punctuation, in `\p{name}`. */
const posix: Record<string, string> = {
  alnum: withoutLate('\\p{Alphabetic}\\p{Nd}'),
  alpha: withoutLate('\\p{Alphabetic}'),
  ascii: '[\\u{0}-\\u{7f}]',
  blank: '[\\p{Zs}\\t]',
  cntrl: '\\p{Cc}',
  digit: withoutLate('\\p{Nd}'),
  graph: withoutLate('^\\p{White_Space}\\p{Cc}\\p{Cn}\\p{Cs}'),
  lower: `[${withoutLate('\\p{Lowercase}')}\\u{295}]`,
  print: withoutLate('^\\p{Cc}\\p{Cn}\\p{Cs}\\u{2028}\\u{2029}'),
  punct: withoutLate('\\p{P}\\p{S}'),
  space: '\\p{White_Space}',
  upper: withoutLate('\\p{Uppercase}'),
  xdigit: '[0-9A-Fa-f]',
  word: withoutLate('\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}'),
};

const word = `[${posix['word']}\\u{b2}\\u{b3}\\u{b9}\\u{bc}-\\u{be}]`;

/** The classes of escapes: `\w` counts superscripts and fractions of Latin-1, `[\w]` and `[[:word:]]` do not. */
export const escapes: Record<string, string> = {
  d: posix['digit']!,
  s: posix['space']!,
  w: word,
  h: posix['xdigit']!,
};

/** The class of an escape or a property where it stands inside of brackets: words are the only ones that differ there. */
export function bracketed(source: string): string {
  return source === word ? posix['word']! : source;
}

/** The class in `[:name:]`. @throws PatternError when there is none */
export function posixClass(name: string): string {
  const source = Object.hasOwn(posix, name) ? posix[name] : undefined;
  if (source === undefined) throw new PatternError(`there is no class [:${name}:]`);
  return source;
}

const key = (name: string) => name.toLowerCase().replace(/[\s_-]/g, '');
const special: Record<string, string> = {
  ...Object.fromEntries(Object.entries(posix).map(([name, source]) => [name, source])),
  punct: withoutLate('\\p{P}'),
  word,
  ll: `[${withoutLate('\\p{Ll}')}\\u{295}]`,
  lowercaseletter: `[${withoutLate('\\p{Ll}')}\\u{295}]`,
  lowercase: `[${withoutLate('\\p{Lowercase}')}\\u{295}]`,
  lo: `[${withoutLate('\\p{Lo}')}--\\u{295}]`,
  otherletter: `[${withoutLate('\\p{Lo}')}--\\u{295}]`,
  any: '[\\u{0}-\\u{10ffff}]',
  assigned: withoutLate('\\p{Assigned}'),
  c: withLate('\\p{C}'),
  other: withLate('\\p{C}'),
  cn: withLate('\\p{Cn}'),
  unassigned: withLate('\\p{Cn}'),
  cs: '\\p{Cs}',
  surrogate: '\\p{Cs}',
  extendedpictographic: extendedPictographicClass,
};
const byKey = new Map(
  Object.entries(categories).flatMap(([short, long]) => [
    [key(short), short],
    [key(long), short],
  ]),
);

/** Scripts and properties under the spellings that JavaScript knows: words with capitals between underscores. */
function spelled(name: string): string[] {
  const words = name.trim().split(/[\s_-]+/);
  const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1).toLowerCase();
  return [words.map(capital).join('_'), words.join('_'), words.join('_').toUpperCase()];
}

/** The class of `\p{name}`. @throws PatternError naming a property that is not supported */
export function propertyClass(name: string): string {
  const plain = key(name);
  if (Object.hasOwn(special, plain)) return special[plain]!;
  const category = byKey.get(plain);
  if (category) return withoutLate(`\\p{${category}}`);
  for (const spelling of spelled(name)) {
    for (const source of [`\\p{Script=${spelling}}`, `\\p{${spelling}}`]) {
      if (!/^[A-Za-z0-9_]+$/.test(spelling)) continue;
      try {
        new RegExp(source, 'v');
      } catch {
        continue;
      }
      return withoutLate(source);
    }
  }
  throw new PatternError(`the property \\p{${name}} is not supported`);
}
