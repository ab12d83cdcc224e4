import { checkId } from './check.js';

/** Ids of one condition: long texts are slow to parse. */
const idsAtOnce = 1000;

/**
 * Conditions that hold for the items of some ids, each for a part of them, in the language of a database.
 *
 * @param literal an id as it stands in a condition
 * @param condition what holds for ids whose literals stand in a list between commas
 */
export function* idConditions(
  where: string,
  ids: ReadonlySet<string>,
  { literal, condition }: { literal: (id: string) => string; condition: (list: string) => string },
): Generator<string> {
  const list = [...ids].map((id) => literal(checkId(where, id)));
  for (let from = 0; from < list.length; from += idsAtOnce) {
    yield condition(list.slice(from, from + idsAtOnce).join(', '));
  }
}
