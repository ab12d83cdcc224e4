import { CrossmodalError } from '@crossmodal/core';
import { type Encoding, emptyEncoding, slice } from './encoding.js';

export interface Truncation {
  /** Most tokens of one encoding, special ones counted. The model's own, where tokenizer_config.json names one. */
  maximumLength?: number;
  /** Tokens that a window shares with the one before it. */
  stride?: number;
  /** Which text of a pair is cut. */
  strategy?: 'longestFirst' | 'onlyFirst' | 'onlySecond';
  /** The side that is cut off. */
  direction?: 'left' | 'right';
}

/**
 * Cuts one text or a pair so that both together have at most `room` tokens; what is cut off goes to `overflowing`.
 * @throws CrossmodalError when the text that may be cut is too short for that
 */
export function truncatePair(
  first: Encoding,
  second: Encoding | undefined,
  room: number,
  { strategy = 'longestFirst', stride = 0, direction = 'right' }: Truncation,
): [Encoding, Encoding | undefined] {
  const total = first.ids.length + (second?.ids.length ?? 0);
  if (total <= room) return [first, second];
  const cut = (encoding: Encoding, length: number) => truncate(encoding, length, { stride, direction });
  if (room === 0) return [cut(first, 0), second && cut(second, 0)];
  if (strategy === 'longestFirst') {
    if (!second) return [cut(first, room), undefined];
    const [a, b] = shares(first.ids.length, second.ids.length, room);
    return [cut(first, a), cut(second, b)];
  }
  const target = strategy === 'onlyFirst' ? first : second;
  const excess = total - room;
  if (!target || target.ids.length <= excess) {
    throw new CrossmodalError(
      `truncate: ${strategy} must cut ${excess} tokens from a text of ${target?.ids.length ?? 0}, and keep one`,
      { remedy: "raise maximumLength or use strategy: 'longestFirst'" },
    );
  }
  const kept = cut(target, target.ids.length - excess);
  return strategy === 'onlyFirst' ? [kept, second] : [first, kept];
}

/** How many tokens each of a pair keeps: the longer is cut first, then both to halves, the longer one more. */
function shares(a: number, b: number, room: number): [number, number] {
  let [short, long] = a > b ? [b, a] : [a, b];
  long = short > room ? short : Math.max(short, room - short);
  if (short + long > room) {
    short = Math.floor(room / 2);
    long = short + (room % 2);
  }
  return a > b ? [long, short] : [short, long];
}

function truncate(
  encoding: Encoding,
  length: number,
  { stride, direction }: { stride: number; direction: 'left' | 'right' },
): Encoding {
  const size = encoding.ids.length;
  if (length >= size) return encoding;
  if (length <= 0) return { ...emptyEncoding, overflowing: [encoding] };
  if (stride >= length) {
    throw new CrossmodalError(`truncate: stride must be below the ${length} tokens that a window holds, got ${stride}`);
  }
  const step = length - stride;
  const windows: Encoding[] = [];
  if (direction === 'right') {
    for (let start = 0; ; start += step) {
      windows.push(slice(encoding, start, start + length));
      if (start + length >= size) break;
    }
  } else {
    for (let stop = size; ; stop -= step) {
      windows.push(slice(encoding, Math.max(0, stop - length), stop));
      if (stop <= length) break;
    }
  }
  return { ...windows[0]!, overflowing: windows.slice(1) };
}
