import type { Encoding } from './encoding.js';

export interface Padding {
  /** Tokens of every encoding, or those of the longest of the batch. */
  length?: number | 'longest';
  /** The length is rounded up to a multiple of this. */
  multipleOf?: number;
  /** The side that is filled up. */
  direction?: 'left' | 'right';
  id?: number;
  typeId?: number;
  token?: string;
}

/** Fills up encodings, and the windows that overflow, to one length; longer ones stay as they are. */
export function padAll(
  encodings: readonly Encoding[],
  { length = 'longest', multipleOf, direction = 'right', id = 0, typeId = 0, token = '[PAD]' }: Padding,
): Encoding[] {
  const wanted = length === 'longest' ? Math.max(0, ...encodings.map((e) => e.ids.length)) : length;
  const target = multipleOf ? Math.ceil(wanted / multipleOf) * multipleOf : wanted;
  const pad = (encoding: Encoding): Encoding => {
    const missing = Math.max(0, target - encoding.ids.length);
    const fill = <T>(list: readonly T[], value: T): T[] => {
      const rest = new Array<T>(missing).fill(value);
      return direction === 'right' ? [...list, ...rest] : [...rest, ...list];
    };
    return {
      ids: fill(encoding.ids, id),
      tokens: fill(encoding.tokens, token),
      typeIds: fill(encoding.typeIds, typeId),
      attentionMask: fill(encoding.attentionMask, 0),
      specialTokensMask: fill(encoding.specialTokensMask, 1),
      overflowing: encoding.overflowing.map(pad),
    };
  };
  return encodings.map(pad);
}
