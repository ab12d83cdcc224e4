import { classOfRuns, classTest, runsOf } from './code-points.js';
import { scriptMissing, scripts } from './data.js';

const names = scripts.split(' ');
const patterns: RegExp[] = [];
const numbers = new Map<number, number>();
const numberOf = (name: string) => names.indexOf(name) + 1;
let hasNoScript: ((codePoint: number) => boolean) | undefined;

/** A number for the script of a code point as UnicodeScripts knows it, Hiragana and Katakana counted as Han; 0 for none. */
export function scriptOf(codePoint: number): number {
  let script = numbers.get(codePoint);
  if (script === undefined) {
    script = findScript(codePoint);
    numbers.set(codePoint, script);
  }
  return script;
}

function findScript(codePoint: number): number {
  if (codePoint === 0x20) return 0;
  if (codePoint === 0x30fc) return numberOf('Han');
  hasNoScript ??= classTest(`[${classOfRuns(runsOf(scriptMissing))}]`);
  if (hasNoScript(codePoint)) return 0;
  // Four characters have moved to another script since the library's table was made.
  if (codePoint === 0x589 || codePoint === 0x61c) return numberOf('Common');
  if (codePoint === 0x953 || codePoint === 0x954) return numberOf('Devanagari');
  const character = String.fromCodePoint(codePoint);
  for (const [i, name] of names.entries()) {
    patterns[i] ??= new RegExp(`^\\p{Script=${name}}$`, 'u');
    if (patterns[i].test(character)) return numberOf(name === 'Hiragana' || name === 'Katakana' ? 'Han' : name);
  }
  return 0;
}
