import { classTest } from '../unicode/code-points.js';

/** All characters that have another case. */
let cased: string[] | undefined;
const casedCharacters = (): string[] => {
  if (!cased) {
    const pattern = /[\p{Changes_When_Casefolded}\p{Changes_When_Casemapped}]/u;
    cased = [];
    for (let codePoint = 0x41; codePoint < 0x1ea00; codePoint++) {
      const character = String.fromCodePoint(codePoint);
      if ((codePoint < 0xd800 || codePoint > 0xdfff) && pattern.test(character)) cased.push(character);
    }
  }
  return cased;
};

export const escapeCharacter = (character: string): string => `\\u{${character.codePointAt(0)!.toString(16)}}`;

const widened = new Map<string, string>();

/** The class with the other cases of its members. */
export function ignoringCase(source: string): string {
  let result = widened.get(source);
  if (result === undefined) {
    const [exact, loose] = [classTest(source), classTest(source, { ignoreCase: true })];
    const others = casedCharacters().filter((c) => !exact(c.codePointAt(0)!) && loose(c.codePointAt(0)!));
    result = others.length === 0 ? source : `[${source}${others.map(escapeCharacter).join('')}]`;
    widened.set(source, result);
  }
  return result;
}

let longFolds: Map<string, string> | undefined;

/** The characters whose case folding is several characters, such as sharp s. */
export function multipleFolds(): ReadonlyMap<string, string> {
  if (!longFolds) {
    longFolds = new Map();
    for (const character of casedCharacters()) {
      const lower = character.toLowerCase();
      const folded = lower.length > character.length ? lower : lower.toUpperCase().toLowerCase();
      if ([...folded].length > 1) longFolds.set(character, folded);
    }
  }
  return longFolds;
}

/** Case folding of one character by the simple rule; dotless i is no case of i. */
export function simpleFold(character: string): string {
  const lower = character.toUpperCase().toLowerCase();
  return new RegExp(`^${escapeCharacter(character)}$`, 'vi').test(lower) ? lower : character.toLowerCase();
}
