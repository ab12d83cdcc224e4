import { type CodePointTest, classTest } from '../unicode/code-points.js';
import { escapes } from './properties.js';
import { type Anchor, type Node, PatternError } from './syntax.js';

/** What is done when all before has matched: gives the end of the match, or -1. */
type Continuation = (at: number) => number;

/** Goes on from a place; gives the end of the whole match, or -1. */
type Matcher = (at: number, next: Continuation) => number;

/** Oniguruma gives up after as many steps of one match. */
const mostSteps = 10_000_000;

/**
 * A matcher that tries all ways in order, for patterns that JavaScript's engine lacks the means for, or would take too long
 * over. Its steps are counted.
 */
export class BacktrackMatcher {
  #text = '';
  #start = 0;
  #from = 0;
  #steps = 0;
  #captures: (readonly [number, number] | undefined)[] = [];
  readonly #match: Matcher;

  constructor(node: Node) {
    this.#match = this.#compile(node);
  }

  /**
   * The first match that begins at `from` or later.
   * @throws PatternError when it takes too many steps
   */
  find(text: string, from: number): readonly [number, number] | undefined {
    this.#text = text;
    this.#from = from;
    this.#steps = 0;
    try {
      for (
        let start = from;
        start <= text.length;
        start += start < text.length && text.codePointAt(start)! > 0xffff ? 2 : 1
      ) {
        this.#start = start;
        this.#captures = [];
        const end = this.#match(start, (at) => at);
        if (end >= 0) return [this.#start, end];
      }
    } catch (error) {
      if (error instanceof RangeError) throw new PatternError('it needs too much memory for a text');
      throw error;
    }
    return undefined;
  }

  #step(): void {
    if (++this.#steps > mostSteps) throw new PatternError(`it takes more than ${mostSteps} steps for a text`);
  }

  #compile(node: Node): Matcher {
    switch (node.kind) {
      case 'set':
        return this.#set(classTest(node.source));
      case 'sequence':
        return this.#sequence(node.items.map((item) => this.#compile(item)));
      case 'choice':
        return this.#choice(node.branches.map((branch) => this.#compile(branch)));
      case 'repeat':
        return this.#repeat(node);
      case 'capture':
        return this.#capture(node.number, this.#compile(node.body));
      case 'reference':
        return this.#reference(node.numbers);
      case 'atomic':
        return this.#atomic(this.#compile(node.body));
      case 'look':
        return this.#look(node, this.#compile(node.body));
      case 'anchor':
        return this.#anchor(node.at);
      case 'keep':
        return (at, next) => {
          const before = this.#start;
          this.#start = at;
          const end = next(at);
          if (end < 0) this.#start = before;
          return end;
        };
    }
  }

  /** The place behind one character of the class, or -1. */
  #taken(test: CodePointTest, at: number): number {
    if (at >= this.#text.length) return -1;
    const codePoint = this.#text.codePointAt(at)!;
    return test(codePoint) ? at + (codePoint > 0xffff ? 2 : 1) : -1;
  }

  #set(test: CodePointTest): Matcher {
    return (at, next) => {
      this.#step();
      const end = this.#taken(test, at);
      return end < 0 ? -1 : next(end);
    };
  }

  #sequence(parts: readonly Matcher[]): Matcher {
    const from = (i: number, at: number, next: Continuation): number =>
      i === parts.length ? next(at) : parts[i]!(at, (end) => from(i + 1, end, next));
    return (at, next) => from(0, at, next);
  }

  #choice(branches: readonly Matcher[]): Matcher {
    return (at, next) => {
      for (const branch of branches) {
        this.#step();
        const end = branch(at, next);
        if (end >= 0) return end;
      }
      return -1;
    };
  }

  #repeat({ body, least, most, mode }: Node & { kind: 'repeat' }): Matcher {
    if (mode === 'possessive') return this.#atomic(this.#repeat({ kind: 'repeat', body, least, most, mode: 'greedy' }));
    if (body.kind === 'set' && mode === 'greedy') return this.#run(classTest(body.source), least, most);
    const turn = this.#compile(body);
    const loop = (count: number, at: number, next: Continuation): number => {
      this.#step();
      const again = () =>
        count >= most
          ? -1
          : turn(at, (end) => {
              // A turn that took nothing is the last.
              if (end === at && count >= least) return next(end);
              return loop(count + 1, end, next);
            });
      if (count < least) return again();
      if (mode === 'lazy') {
        const end = next(at);
        return end >= 0 ? end : again();
      }
      const end = again();
      return end >= 0 ? end : next(at);
    };
    return (at, next) => loop(0, at, next);
  }

  /** A greedy loop over one class, without a call for each character. */
  #run(test: CodePointTest, least: number, most: number): Matcher {
    return (start, next) => {
      let at = start;
      let count = 0;
      while (count < most) {
        this.#step();
        const end = this.#taken(test, at);
        if (end < 0) break;
        at = end;
        count++;
      }
      for (; count >= least; count--) {
        this.#step();
        const end = next(at);
        if (end >= 0) return end;
        const unit = this.#text.charCodeAt(at - 1);
        at -= at - 1 > start && unit >= 0xdc00 && unit <= 0xdfff && this.#text.codePointAt(at - 2)! > 0xffff ? 2 : 1;
      }
      return -1;
    };
  }

  #capture(number: number, body: Matcher): Matcher {
    return (at, next) =>
      body(at, (end) => {
        const before = this.#captures[number];
        this.#captures[number] = [at, end];
        const result = next(end);
        if (result < 0) this.#captures[number] = before;
        return result;
      });
  }

  #reference(numbers: readonly number[]): Matcher {
    return (at, next) => {
      this.#step();
      // Several groups may have one name; the last that took part counts.
      for (const number of [...numbers].reverse()) {
        const capture = this.#captures[number];
        if (!capture) continue;
        const text = this.#text.slice(...capture);
        if (this.#text.startsWith(text, at)) return next(at + text.length);
      }
      return -1;
    };
  }

  #atomic(body: Matcher): Matcher {
    return (at, next) => {
      const end = body(at, (place) => place);
      return end < 0 ? -1 : next(end);
    };
  }

  #look({ behind, negative }: { behind: boolean; negative: boolean }, body: Matcher): Matcher {
    const holds = behind
      ? (at: number) => {
          for (let start = at; start >= 0; start--) {
            if (start < at && isInsideCharacter(this.#text, start)) continue;
            if (body(start, (end) => (end === at ? end : -1)) >= 0) return true;
          }
          return false;
        }
      : (at: number) => body(at, (end) => end) >= 0;
    return (at, next) => {
      this.#step();
      if (!negative) return holds(at) ? next(at) : -1;
      const before = [...this.#captures];
      const found = holds(at);
      this.#captures = before;
      return found ? -1 : next(at);
    };
  }

  #anchor(at: Anchor): Matcher {
    const holds = this.#anchorTest(at);
    return (place, next) => {
      this.#step();
      return holds(place) ? next(place) : -1;
    };
  }

  #anchorTest(anchor: Anchor): (at: number) => boolean {
    const isWord = classTest(escapes['w']!);
    const wordAt = (at: number) => at < this.#text.length && isWord(this.#text.codePointAt(at)!);
    const wordBefore = (at: number) =>
      at > 0 && isWord(this.#text.codePointAt(isInsideCharacter(this.#text, at - 1) ? at - 2 : at - 1)!);
    switch (anchor) {
      case 'lineStart':
        return (at) => at === 0 || (this.#text[at - 1] === '\n' && at < this.#text.length);
      case 'lineEnd':
        return (at) => at === this.#text.length || this.#text[at] === '\n';
      case 'textStart':
        return (at) => at === 0;
      case 'textEnd':
        return (at) => at === this.#text.length;
      case 'textEndOrLastLine':
        return (at) => at === this.#text.length || (at === this.#text.length - 1 && this.#text[at] === '\n');
      case 'searchStart':
        return (at) => at === this.#from;
      case 'wordBoundary':
        return (at) => wordBefore(at) !== wordAt(at);
      case 'noWordBoundary':
        return (at) => wordBefore(at) === wordAt(at);
    }
  }
}

/** Whether the place lies between the two units of a character. */
function isInsideCharacter(text: string, at: number): boolean {
  return at > 0 && text.codePointAt(at - 1)! > 0xffff;
}
