import { escapeCharacter } from './ignore-case.js';
import { bracketed, escapes, posixClass, propertyClass } from './properties.js';
import { PatternError } from './syntax.js';

const control: Record<string, string> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', a: '\x07', e: '\x1b', b: '\b' };

/** Reads bracketed classes, with `&&`, classes inside, `[:names:]` and properties, and escapes of one character. */
export class ClassParser {
  #depth = 0;

  /** @param text the characters of the pattern */
  constructor(
    private readonly text: readonly string[],
    /** Where reading goes on; afterwards the place behind what was read. */
    public end: number,
  ) {}

  /** The class that begins here, as for the flag v; `source` without the negation. */
  parse(): { source: string; negated: boolean } {
    if (++this.#depth > 100) throw new PatternError('classes are nested more than 100 deep');
    this.end++; // [
    const negated = this.#take('^');
    const operands: string[] = [];
    let members: string[] = [];
    let first = true;
    for (; ; first = false) {
      if (this.end >= this.text.length) throw new PatternError('a class is not closed');
      if (this.#peek(']') && !first) break;
      if (this.#take('&', '&')) {
        operands.push(united(members));
        members = [];
        continue;
      }
      if (this.#peek(']') && first && !this.text.includes(']', this.end + 1))
        throw new PatternError('a class is empty');
      members.push(this.#member());
    }
    this.end++;
    this.#depth--;
    operands.push(united(members));
    const source = operands.length === 1 ? operands[0]! : `[${operands.join('&&')}]`;
    return { source, negated };
  }

  #peek(...characters: string[]): boolean {
    return characters.every((character, i) => this.text[this.end + i] === character);
  }

  #take(...characters: string[]): boolean {
    if (!this.#peek(...characters)) return false;
    this.end += characters.length;
    return true;
  }

  #member(): string {
    if (this.#peek('[')) {
      if (this.#peek('[', ':')) {
        const match = /^\[:(\^?)([a-zA-Z]*):\]/.exec(this.text.slice(this.end, this.end + 24).join(''));
        if (match) {
          this.end += match[0].length;
          const source = posixClass(match[2]!);
          return match[1] ? `[^${source}]` : source;
        }
      }
      const { source, negated } = this.parse();
      return negated ? `[^${source}]` : source;
    }
    const start = this.#characterOrClass();
    if (!this.#peek('-') || this.#peek('-', ']')) return start.source;
    if (start.character === undefined) {
      if (this.#peek('-', '&', '&')) return start.source;
      throw new PatternError('a range in a class begins with a class');
    }
    this.end++; // -
    if (this.#peek('[') || this.#peek('&', '&')) return `[${start.source}\\-]`;
    const stop = this.#characterOrClass();
    if (stop.character === undefined) throw new PatternError('a range in a class ends with a class');
    if (stop.character.codePointAt(0)! < start.character.codePointAt(0)!)
      throw new PatternError('a range in a class is empty');
    return `[${start.source}-${stop.source}]`;
  }

  #characterOrClass(): { source: string; character?: string } {
    const one = (character: string) => ({ source: escapeCharacter(character), character });
    const character = this.text[this.end];
    if (character === undefined) throw new PatternError('a class is not closed');
    if (character !== '\\') {
      this.end++;
      return one(character);
    }
    this.end++;
    const letter = this.text[this.end] ?? '';
    if (/^[dswh]$/i.test(letter)) {
      this.end++;
      const source = bracketed(escapes[letter.toLowerCase()]!);
      return { source: letter === letter.toLowerCase() ? source : `[^${source}]` };
    }
    if (letter === 'p' || letter === 'P') {
      this.end++;
      return { source: this.property(letter === 'P', (name) => bracketed(propertyClass(name))) };
    }
    if (/^[RXNOK]$/.test(letter)) return one(this.escapedCharacter({}));
    return one(this.escapedCharacter(control));
  }

  /** What is behind `\p`. */
  property(negative: boolean, classOf: (name: string) => string): string {
    if (!this.#take('{')) throw new PatternError('\\p must be followed by {name}');
    const negated = this.#take('^') !== negative;
    let name = '';
    while (!this.#take('}')) {
      if (this.end >= this.text.length) throw new PatternError('\\p{ is not closed');
      name += this.text[this.end++];
    }
    const source = classOf(name);
    return negated ? `[^${source}]` : source;
  }

  /** What is behind a backslash and stands for one character; `names` are letters with a meaning. */
  escapedCharacter(names: Readonly<Record<string, string>>): string {
    const rest = this.text.slice(this.end, this.end + 12).join('');
    const code = (pattern: RegExp, base: number): string | undefined => {
      const match = pattern.exec(rest);
      if (!match) return undefined;
      this.end += match[0].length;
      const codePoint = Number.parseInt(match[1]!, base);
      if (codePoint > 0x10ffff) throw new PatternError(`\\${match[0]} is no character`);
      return String.fromCodePoint(codePoint);
    };
    const coded =
      code(/^x\{([0-9A-Fa-f]{1,8})\}/, 16) ??
      code(/^x([0-9A-Fa-f]{1,2})/, 16) ??
      code(/^u([0-9A-Fa-f]{4})/, 16) ??
      code(/^([0-7]{1,3})/, 8);
    if (coded !== undefined) return coded;
    if (/^(?:c|C-|M-)/.test(rest)) throw new PatternError(`\\${rest[0]} is not supported`);
    const letter = this.text[this.end++];
    if (letter === undefined) throw new PatternError('it ends with a backslash');
    return Object.hasOwn(names, letter) ? names[letter]! : letter;
  }
}

const united = (members: readonly string[]): string => (members.length === 1 ? members[0]! : `[${members.join('')}]`);
