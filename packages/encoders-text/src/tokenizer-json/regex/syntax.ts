/** A regular expression as a tree. */
export type Node =
  /** One character of a class, written as for the flag v. */
  | { kind: 'set'; source: string }
  | { kind: 'sequence'; items: Node[] }
  | { kind: 'choice'; branches: Node[] }
  | { kind: 'repeat'; body: Node; least: number; most: number; mode: 'greedy' | 'lazy' | 'possessive' }
  | { kind: 'capture'; number: number; body: Node }
  | { kind: 'reference'; numbers: number[] }
  | { kind: 'atomic'; body: Node }
  | { kind: 'look'; behind: boolean; negative: boolean; body: Node }
  | { kind: 'anchor'; at: Anchor }
  /** `\K`: what matched so far is not part of the match. */
  | { kind: 'keep' };

export type Anchor =
  | 'lineStart'
  | 'lineEnd'
  | 'textStart'
  | 'textEnd'
  | 'textEndOrLastLine'
  | 'searchStart'
  | 'wordBoundary'
  | 'noWordBoundary';

/** What a pattern asks for that is not supported, or its mistake. */
export class PatternError extends Error {}

/** The parts of a node. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'sequence':
      return node.items;
    case 'choice':
      return node.branches;
    case 'repeat':
    case 'capture':
    case 'atomic':
    case 'look':
      return [node.body];
    default:
      return [];
  }
}

/** Whether the node or one inside it is so. */
export function some(node: Node, test: (node: Node) => boolean): boolean {
  return test(node) || childrenOf(node).some((child) => some(child, test));
}

/** Whether a quantifier has no upper end, or one so far away that it costs as much. */
export const isOpen = (node: Node): boolean => node.kind === 'repeat' && node.most > 8;
