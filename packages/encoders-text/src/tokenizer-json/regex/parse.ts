import { escapeCharacter, ignoringCase, multipleFolds, simpleFold } from './ignore-case.js';
import { ClassParser } from './parse-class.js';
import { escapes, propertyClass } from './properties.js';
import { type Anchor, type Node, PatternError } from './syntax.js';

interface Flags {
  ignoreCase: boolean;
  /** The dot takes line ends, too. */
  dotAll: boolean;
  /** White space and comments in the pattern count for nothing. */
  extended: boolean;
}

/** A character of the pattern that stands for itself; runs of them are folded together where case is ignored. */
type Item = Node | { kind: 'character'; character: string; ignoreCase: boolean };

const control: Record<string, string> = { n: '\n', t: '\t', r: '\r', f: '\f', v: '\v', a: '\x07', e: '\x1b' };
const anchors: Record<string, Anchor> = {
  A: 'textStart',
  z: 'textEnd',
  Z: 'textEndOrLastLine',
  G: 'searchStart',
  b: 'wordBoundary',
  B: 'noWordBoundary',
};
const anyCharacter = '[\\u{0}-\\u{10ffff}]';
const notLineEnd = '[^\\n]';

/**
 * Reads a regular expression of Oniguruma, in the syntax that the library uses: `^` and `$` are lines' ends always, `(?m)`
 * lets the dot take line ends, `{n,m}+` repeats again.
 *
 * @throws PatternError for mistakes, and by name for what is not supported: calls of groups, conditions, absent groups
 */
export function parsePattern(pattern: string): Node {
  return new Parser(pattern).parse();
}

class Parser {
  readonly #text: string[];
  #at = 0;
  #groups = 0;
  #depth = 0;
  readonly #names = new Map<string, number[]>();
  readonly #references: { numbers: number[]; name: string | number }[] = [];
  /** Where groups have names, plain parentheses do not capture. */
  readonly #named: boolean;

  constructor(pattern: string) {
    this.#text = [...pattern];
    this.#named = /(?<!\\)\(\?(?:<[^=!]|')/.test(pattern);
  }

  parse(): Node {
    const node = this.#choice({ ignoreCase: false, dotAll: false, extended: false });
    if (this.#at < this.#text.length) throw new PatternError('a parenthesis is closed that was not opened');
    for (const { numbers, name } of this.#references) this.#resolve(numbers, name);
    return node;
  }

  #resolve(numbers: number[], name: string | number): void {
    if (typeof name === 'number') {
      if (name > this.#groups || name < 1) throw new PatternError(`there is no group ${name}`);
      numbers.push(name);
      return;
    }
    const groups = this.#names.get(name);
    if (!groups) throw new PatternError(`there is no group ${name}`);
    numbers.push(...groups);
  }

  #peek(text: string): boolean {
    for (let i = 0; i < text.length; i++) if (this.#text[this.#at + i] !== text[i]) return false;
    return true;
  }

  #take(text: string): boolean {
    if (!this.#peek(text)) return false;
    this.#at += text.length;
    return true;
  }

  #choice(outer: Flags): Node {
    if (++this.#depth > 100) throw new PatternError('groups are nested more than 100 deep');
    let flags = outer;
    const branches: Node[] = [];
    let items: Item[] = [];
    const finish = () => branches.push(sequence(items));
    while (this.#at < this.#text.length && !this.#peek(')')) {
      if (this.#take('|')) {
        finish();
        items = [];
        continue;
      }
      if (this.#skipped(flags)) continue;
      const bare = this.#bareFlags(flags);
      if (bare) {
        flags = bare;
        // What follows belongs to the flags, alternatives included: a(?i)b|c is a(?i:b|c).
        const rest = this.#choice(flags);
        this.#depth--;
        items.push(rest);
        break;
      }
      items.push(this.#quantified(this.#atom(flags), flags));
    }
    finish();
    this.#depth--;
    return branches.length === 1 ? branches[0]! : { kind: 'choice', branches };
  }

  /** Comments, and white space where it counts for nothing. */
  #skipped({ extended }: Flags): boolean {
    if (this.#take('(?#')) {
      while (this.#at < this.#text.length && !this.#take(')')) this.#at++;
      return true;
    }
    if (!extended) return false;
    if (/^\s$/.test(this.#text[this.#at]!)) {
      this.#at++;
      return true;
    }
    if (!this.#take('#')) return false;
    while (this.#at < this.#text.length && !this.#take('\n')) this.#at++;
    return true;
  }

  /** `(?i)` and the like, which hold up to the end of the group. */
  #bareFlags(flags: Flags): Flags | undefined {
    const match = /^\(\?([a-zA-Z]*)(?:-([a-zA-Z]*))?\)/.exec(this.#text.slice(this.#at, this.#at + 16).join(''));
    if (!match) return undefined;
    this.#at += match[0].length;
    return changed(flags, match[1]!, match[2] ?? '');
  }

  #atom(flags: Flags): Item {
    const character = this.#text[this.#at++]!;
    switch (character) {
      case '(':
        return this.#group(flags);
      case '[':
        this.#at--;
        return this.#class(flags);
      case '.':
        return { kind: 'set', source: flags.dotAll ? anyCharacter : notLineEnd };
      case '^':
        return { kind: 'anchor', at: 'lineStart' };
      case '$':
        return { kind: 'anchor', at: 'lineEnd' };
      case '\\':
        return this.#escape(flags);
      case '*':
      case '+':
      case '?':
        throw new PatternError(`there is nothing before ${character} to repeat`);
      default:
        return { kind: 'character', character, ignoreCase: flags.ignoreCase };
    }
  }

  #class({ ignoreCase }: Flags): Node {
    const parser = new ClassParser(this.#text, this.#at);
    const { source, negated } = parser.parse();
    this.#at = parser.end;
    if (!ignoreCase) return { kind: 'set', source: negated ? `[^${source}]` : source };
    const wide = ignoringCase(source);
    if (negated) return { kind: 'set', source: `[^${wide}]` };
    const member = new RegExp(`^${wide}$`, 'v');
    const folds = [...multipleFolds()].filter(([c]) => member.test(c)).map(([, folded]) => folded);
    const spelled = [...new Set(folds)].map((folded) => sequence([...folded].map((c) => foldedSet(c))));
    const set: Node = { kind: 'set', source: wide };
    return spelled.length === 0 ? set : { kind: 'choice', branches: [set, ...spelled] };
  }

  #group(flags: Flags): Node {
    if (!this.#take('?')) {
      const number = this.#named ? 0 : ++this.#groups;
      const body = this.#body(flags);
      return number === 0 ? body : { kind: 'capture', number, body };
    }
    if (this.#take(':')) return this.#body(flags);
    if (this.#take('>')) return { kind: 'atomic', body: this.#body(flags) };
    for (const [mark, behind, negative] of [
      ['=', false, false],
      ['!', false, true],
      ['<=', true, false],
      ['<!', true, true],
    ] as const) {
      if (this.#take(mark)) return { kind: 'look', behind, negative, body: this.#body(flags) };
    }
    if (this.#take('<')) return this.#namedGroup('>', flags);
    if (this.#take("'")) return this.#namedGroup("'", flags);
    if (this.#take('~')) throw new PatternError('absent groups (?~...) are not supported');
    if (this.#take('(')) throw new PatternError('conditions (?(...)...) are not supported');
    const match = /^([a-zA-Z]*)(?:-([a-zA-Z]*))?:/.exec(this.#text.slice(this.#at, this.#at + 16).join(''));
    if (!match) throw new PatternError(`the group (?${this.#text[this.#at] ?? ''} is not supported`);
    this.#at += match[0].length;
    return this.#body(changed(flags, match[1]!, match[2] ?? ''));
  }

  #namedGroup(end: string, flags: Flags): Node {
    const name = this.#upTo(end);
    const number = ++this.#groups;
    this.#names.set(name, [...(this.#names.get(name) ?? []), number]);
    return { kind: 'capture', number, body: this.#body(flags) };
  }

  #upTo(end: string): string {
    let name = '';
    while (!this.#peek(end)) {
      if (this.#at >= this.#text.length) throw new PatternError(`${end} is missing`);
      name += this.#text[this.#at++];
    }
    this.#at++;
    return name;
  }

  #body(flags: Flags): Node {
    const node = this.#choice(flags);
    if (!this.#take(')')) throw new PatternError('a parenthesis is not closed');
    return node;
  }

  #escape(flags: Flags): Item {
    const letter = this.#text[this.#at++];
    if (letter === undefined) throw new PatternError('it ends with a backslash');
    const class_ = escapes[letter.toLowerCase()];
    if (class_ && /^[dswh]$/i.test(letter)) {
      return { kind: 'set', source: letter === letter.toLowerCase() ? class_ : `[^${class_}]` };
    }
    const anchor = Object.hasOwn(anchors, letter) ? anchors[letter] : undefined;
    if (anchor) return { kind: 'anchor', at: anchor };
    switch (letter) {
      case 'p':
      case 'P':
        return { kind: 'set', source: this.#property(letter === 'P') };
      case 'N':
        return { kind: 'set', source: notLineEnd };
      case 'O':
        return { kind: 'set', source: anyCharacter };
      case 'K':
        return { kind: 'keep' };
      case 'R':
        return lineEnd;
      case 'k':
        return this.#namedReference();
      case 'X':
      case 'g':
      case 'y':
      case 'Y':
        throw new PatternError(`\\${letter} is not supported`);
    }
    if (/[1-9]/.test(letter)) return this.#numberedReference(letter);
    this.#at--;
    return { kind: 'character', character: this.#character(), ignoreCase: flags.ignoreCase };
  }

  /** What is behind a backslash and stands for one character. */
  #character(): string {
    const parser = new ClassParser(this.#text, this.#at);
    const character = parser.escapedCharacter(control);
    this.#at = parser.end;
    return character;
  }

  #property(negative: boolean): string {
    const parser = new ClassParser(this.#text, this.#at);
    const source = parser.property(negative, propertyClass);
    this.#at = parser.end;
    return source;
  }

  #namedReference(): Node {
    const end = this.#take('<') ? '>' : this.#take("'") ? "'" : undefined;
    if (!end) throw new PatternError('\\k must be followed by <name>');
    const name = this.#upTo(end);
    return this.#reference(/^\d+$/.test(name) ? Number(name) : name);
  }

  #numberedReference(first: string): Node {
    let digits = first;
    while (/^\d$/.test(this.#text[this.#at] ?? '')) digits += this.#text[this.#at++];
    if (this.#named) throw new PatternError('groups with names cannot be referred to by number');
    return this.#reference(Number(digits));
  }

  #reference(name: string | number): Node {
    const numbers: number[] = [];
    this.#references.push({ numbers, name });
    return { kind: 'reference', numbers };
  }

  #quantified(item: Item, flags: Flags): Item {
    let result = item;
    for (;;) {
      while (this.#at < this.#text.length && flags.extended && this.#skipped(flags));
      const bounds = this.#bounds();
      if (!bounds) return result;
      const { least, most, interval } = bounds;
      const lazy = this.#take('?');
      const possessive = !lazy && !interval && this.#take('+');
      const body = sequence([result]);
      result = { kind: 'repeat', body, least, most, mode: lazy ? 'lazy' : possessive ? 'possessive' : 'greedy' };
      if (body.kind === 'repeat' && body.mode === 'greedy' && !lazy && !possessive) result = reduced(body, result);
    }
  }

  #bounds(): { least: number; most: number; interval: boolean } | undefined {
    if (this.#take('*')) return { least: 0, most: Number.POSITIVE_INFINITY, interval: false };
    if (this.#take('+')) return { least: 1, most: Number.POSITIVE_INFINITY, interval: false };
    if (this.#take('?')) return { least: 0, most: 1, interval: false };
    const match = /^\{(\d*)(,?)(\d*)\}/.exec(this.#text.slice(this.#at, this.#at + 16).join(''));
    if (!match || (match[1] === '' && match[3] === '')) return undefined;
    this.#at += match[0].length;
    const least = Number(match[1]);
    const most = match[2] === '' ? least : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (least > 100_000 || (most > 100_000 && most < Number.POSITIVE_INFINITY)) {
      throw new PatternError(`${match[0]} repeats too often: at most 100000 times`);
    }
    if (most < least) throw new PatternError(`${match[0]} has its bounds the wrong way round`);
    return { least, most, interval: true };
  }
}

/** `(a*)*` and the like as one quantifier, where that is the same. */
function reduced(body: Node & { kind: 'repeat' }, outer: Node & { kind: 'repeat' }): Node {
  const simple = (node: Node & { kind: 'repeat' }) => node.least <= 1 && (node.most === 1 || node.most > 100_000);
  if (!simple(body) || !simple(outer)) return outer;
  return { ...outer, body: body.body, least: body.least * outer.least, most: body.most * outer.most };
}

function changed(flags: Flags, on: string, off: string): Flags {
  const result = { ...flags };
  for (const [letters, value] of [
    [on, true],
    [off, false],
  ] as const) {
    for (const letter of letters) {
      if (letter === 'i') result.ignoreCase = value;
      else if (letter === 'm') result.dotAll = value;
      else if (letter === 'x') result.extended = value;
      else throw new PatternError(`the option ${letter} of (?${on}${off && `-${off}`}) is not supported`);
    }
  }
  return result;
}

const lineEnd: Node = {
  kind: 'atomic',
  body: {
    kind: 'choice',
    branches: [
      {
        kind: 'sequence',
        items: [
          { kind: 'set', source: '\\r' },
          { kind: 'set', source: '\\n' },
        ],
      },
      { kind: 'set', source: '[\\n-\\r\\u{85}\\u{2028}\\u{2029}]' },
    ],
  },
};

const foldedSet = (character: string): Node => ({ kind: 'set', source: ignoringCase(escapeCharacter(character)) });

/** The items one after the other; runs of characters whose case is ignored match what folds to several characters, too. */
function sequence(items: readonly Item[]): Node {
  const nodes: Node[] = [];
  for (let i = 0; i < items.length; ) {
    const item = items[i]!;
    if (item.kind !== 'character') {
      nodes.push(item);
      i++;
    } else if (!item.ignoreCase) {
      nodes.push({ kind: 'set', source: escapeCharacter(item.character) });
      i++;
    } else {
      const run: string[] = [];
      for (let next = items[i]; next?.kind === 'character' && next.ignoreCase; next = items[++i]) {
        run.push(next.character);
      }
      nodes.push(...foldedRun(run));
    }
  }
  return nodes.length === 1 ? nodes[0]! : { kind: 'sequence', items: nodes };
}

function foldedRun(run: readonly string[]): Node[] {
  const folds = multipleFolds();
  const folded = run.flatMap((character) => [...(folds.get(character) ?? simpleFold(character))]);
  const nodes: Node[] = [];
  for (let i = 0; i < folded.length; ) {
    const rest = folded.slice(i, i + 3).join('');
    const starts = [...folds].filter(([, text]) => rest.startsWith(text));
    const text = starts.reduce((longest, [, other]) => (other.length > longest.length ? other : longest), '');
    if (text === '') {
      nodes.push(foldedSet(folded[i++]!));
      continue;
    }
    const single = starts.filter((entry) => entry[1] === text).map(([character]) => escapeCharacter(character));
    const spelled = [...text].map(foldedSet);
    const one: Node = { kind: 'set', source: `[${single.join('')}]` };
    nodes.push({ kind: 'choice', branches: [one, { kind: 'sequence', items: spelled }] });
    i += spelled.length;
  }
  return nodes;
}
