/** One text, or pair of texts, as numbers. All lists are equally long. */
export interface Encoding {
  readonly ids: readonly number[];
  readonly tokens: readonly string[];
  /** 0 for the first text and 1 for the second, as the tokeniser's template says. */
  readonly typeIds: readonly number[];
  /** 1 for tokens, 0 for padding. */
  readonly attentionMask: readonly number[];
  /** 1 for tokens that the template or padding added. */
  readonly specialTokensMask: readonly number[];
  /** What truncation cut off, in windows of the same length. */
  readonly overflowing: readonly Encoding[];
}

export const emptyEncoding: Encoding = {
  ids: [],
  tokens: [],
  typeIds: [],
  attentionMask: [],
  specialTokensMask: [],
  overflowing: [],
};

/** The lists of several encodings, one after the other; without overflow. */
export function joined(...parts: readonly Encoding[]): Encoding {
  return {
    ids: parts.flatMap((p) => p.ids),
    tokens: parts.flatMap((p) => p.tokens),
    typeIds: parts.flatMap((p) => p.typeIds),
    attentionMask: parts.flatMap((p) => p.attentionMask),
    specialTokensMask: parts.flatMap((p) => p.specialTokensMask),
    overflowing: [],
  };
}

/**
 * Appends `b` to `a`. Windows that overflow are combined: each of `a` with `b`, which brings its own windows along, then with
 * those of `b`; then `a` with those of `b`.
 */
export function merge(a: Encoding, b: Encoding): Encoding {
  if (a.overflowing.length === 0 && b.overflowing.length === 0) return joined(a, b);
  const overflowing = [
    ...a.overflowing.flatMap((window) => [merge(window, b), ...b.overflowing.map((other) => merge(window, other))]),
    ...b.overflowing.map((other) => merge(a, other)),
  ];
  return { ...joined(a, b), overflowing };
}

/** The places from `start` to `stop`, without overflow. */
export function slice(encoding: Encoding, start: number, stop: number): Encoding {
  return {
    ids: encoding.ids.slice(start, stop),
    tokens: encoding.tokens.slice(start, stop),
    typeIds: encoding.typeIds.slice(start, stop),
    attentionMask: encoding.attentionMask.slice(start, stop),
    specialTokensMask: encoding.specialTokensMask.slice(start, stop),
    overflowing: [],
  };
}
