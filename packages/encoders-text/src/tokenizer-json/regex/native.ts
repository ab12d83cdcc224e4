import { escapes } from './properties.js';
import { type Anchor, isOpen, type Node, some } from './syntax.js';

/**
 * Whether JavaScript's own engine may run the pattern: it has what the pattern needs, and cannot take exponentially long.
 * That is sure when no open quantifier stands inside another one and at most two of them follow each other.
 */
export function runsNatively(node: Node): boolean {
  return !some(node, needsOurs) && openInARow(node) <= 2;
}

function needsOurs(node: Node): boolean {
  switch (node.kind) {
    case 'capture':
      return false;
    case 'reference':
    case 'keep':
      return true;
    case 'anchor':
      return node.at === 'searchStart';
    case 'look':
      // Inside, JavaScript goes backwards, where the form that stands for atomic groups does not work.
      return node.behind && some(node.body, (inner) => inner.kind === 'atomic' || isPossessive(inner));
    case 'repeat':
      // JavaScript ends a loop whose turn takes no character; Oniguruma goes on behind it.
      return (isOpen(node) && some(node.body, isOpen)) || canBeEmpty(node.body) || node.most * weight(node.body) > 1e5;
    default:
      return false;
  }
}

const isPossessive = (node: Node): boolean => node.kind === 'repeat' && node.mode === 'possessive';

const weight = (node: Node): number =>
  node.kind === 'repeat' && node.most <= 1e5 ? Math.max(1, node.most * weight(node.body)) : 1;

/** Whether the node may match without taking a character. */
export function canBeEmpty(node: Node): boolean {
  switch (node.kind) {
    case 'set':
      return false;
    case 'sequence':
      return node.items.every(canBeEmpty);
    case 'choice':
      return node.branches.some(canBeEmpty);
    case 'repeat':
      return node.least === 0 || canBeEmpty(node.body);
    case 'capture':
    case 'atomic':
      return canBeEmpty(node.body);
    default:
      return true;
  }
}

/** The most open quantifiers on one way through the pattern. */
function openInARow(node: Node): number {
  switch (node.kind) {
    case 'sequence':
      return node.items.reduce((sum, item) => sum + openInARow(item), 0);
    case 'choice':
      return Math.max(0, ...node.branches.map(openInARow));
    case 'repeat':
      return Math.max(isOpen(node) ? 1 : 0, openInARow(node.body));
    case 'capture':
    case 'atomic':
    case 'look':
      return openInARow(node.body);
    default:
      return 0;
  }
}

const word = escapes['w']!;
const anchors: Record<Exclude<Anchor, 'searchStart'>, string> = {
  lineStart: '(?:(?<![\\u{0}-\\u{10ffff}])|(?<=\\n)(?=[\\u{0}-\\u{10ffff}]))',
  lineEnd: '(?=\\n|(?![\\u{0}-\\u{10ffff}]))',
  textStart: '(?<![\\u{0}-\\u{10ffff}])',
  textEnd: '(?![\\u{0}-\\u{10ffff}])',
  textEndOrLastLine: '(?=\\n?(?![\\u{0}-\\u{10ffff}]))',
  wordBoundary: `(?:(?<=${word})(?!${word})|(?<!${word})(?=${word}))`,
  noWordBoundary: `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`,
};

/** The pattern in the syntax of JavaScript with the flag v. */
export function nativeSource(node: Node): string {
  let atoms = 0;
  const atomic = (body: string) => {
    const name = `a${++atoms}`;
    return `(?:(?=(?<${name}>${body}))\\k<${name}>)`;
  };
  const write = (part: Node): string => {
    switch (part.kind) {
      case 'set':
        return part.source;
      case 'sequence':
        return part.items.map(write).join('');
      case 'choice':
        return `(?:${part.branches.map(write).join('|')})`;
      case 'capture':
        return `(?:${write(part.body)})`;
      case 'atomic':
        return atomic(write(part.body));
      case 'look':
        return `(?${part.behind ? '<' : ''}${part.negative ? '!' : '='}${write(part.body)})`;
      case 'repeat': {
        const { least, most, mode } = part;
        const bounds = `{${least},${most === Number.POSITIVE_INFINITY ? '' : most}}`;
        const body = part.body.kind === 'set' ? write(part.body) : `(?:${write(part.body)})`;
        const loop = `${body}${bounds}${mode === 'lazy' ? '?' : ''}`;
        return mode === 'possessive' ? atomic(loop) : loop;
      }
      case 'anchor':
        return anchors[part.at as keyof typeof anchors];
      default:
        throw new Error(`internal: ${part.kind} is not native`);
    }
  };
  return write(node);
}
