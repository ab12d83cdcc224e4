import { CrossmodalError } from './errors.js';
import { assertKnownOptions } from './known-options.js';

/**
 * Labels as small whole numbers, for tensors: equal labels get equal numbers, different ones different numbers, counted from 0 in order of
 * appearance over all lists. Identifiers of any size stay apart this way, which float32 (from 2^24) and int32 (from 2^31) would merge.
 *
 * @param where the function that asks, for messages
 * @param lists by name, for messages
 * @param options.text whether texts are labels too, rather than a mistake
 * @throws CrossmodalError for a label that is no whole number up to 2^53 - 1 (in a Float32Array up to 2^24 - 1) and, with `text`, no text
 * @example
 * const { ids } = labelCodes('photos', { ids: [9007199254740990, 9007199254740991] }); // [0, 1]
 */
export function labelCodes<Name extends string>(
  where: string,
  lists: Readonly<Record<Name, ArrayLike<unknown>>>,
  {
    text = false,
    ...others
  }: {
    /** @default false */
    text?: boolean;
  } = {},
): Record<Name, Int32Array> {
  assertKnownOptions('labelCodes', others, ['text']);
  const codes = new Map<unknown, number>();
  const code = (name: string, label: unknown, index: number): number => {
    if (!Number.isSafeInteger(label) && !(text && typeof label === 'string')) {
      const given = typeof label === 'string' ? `the text '${label}'` : String(label);
      throw new CrossmodalError(
        `${where}: ${name} must be whole numbers up to 2^53 - 1${text ? ' or texts' : ''}, got ${given} at position ${index}`,
        { remedy: text ? 'pass larger numbers as text' : 'number the labels, equal ones alike' },
      );
    }
    if (lists[name as Name] instanceof Float32Array && Math.abs(label as number) >= 2 ** 24) {
      throw new CrossmodalError(
        `${where}: ${name} in a Float32Array must be below 2^24, beyond which it cannot tell them apart, got ${label} at position ${index}`,
        { remedy: 'pass an Int32Array, a Float64Array or an array' },
      );
    }
    const known = codes.get(label);
    if (known !== undefined) return known;
    codes.set(label, codes.size);
    return codes.size - 1;
  };
  const entries = Object.entries(lists as Record<string, ArrayLike<unknown>>).map(([name, labels]) => [
    name,
    Int32Array.from({ length: labels.length }, (_, i) => code(name, labels[i], i)),
  ]);
  return Object.fromEntries(entries) as Record<Name, Int32Array>;
}
