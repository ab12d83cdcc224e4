import type { Encoding } from '../encoding.js';
import { type Fields, shown } from '../fields.js';
import { type PostProcessor, specialEncoding, typed } from './post-processor.js';

type Place = { text: 0 | 1; typeId: number } | { special: Encoding };

/** Places and special tokens of a template; no real file has more than ten. */
const most = 1000;

/** The order in which texts and special tokens stand, for one text and for two. */
export function templateProcessing(fields: Fields): PostProcessor {
  const tokens = fields.child('special_tokens');
  const specialOf = (piece: Fields): Encoding => {
    const name = piece.string('id');
    if (!tokens.has(name)) throw fields.error(`: special_tokens has no ${shown(name)}`);
    const token = tokens.child(name);
    const [ids, texts] = [token.list('ids'), token.list('tokens')];
    if (ids.length !== texts.length || !ids.every(Number.isInteger) || !texts.every((t) => typeof t === 'string')) {
      throw token.error(' must have as many numbers in ids as strings in tokens');
    }
    return specialEncoding(ids as number[], texts as string[], piece.integer('type_id'));
  };
  const placesOf = (name: 'single' | 'pair'): Place[] =>
    fields.children(name).map((piece) => {
      if (piece.has('SpecialToken')) return { special: specialOf(piece.child('SpecialToken')) };
      const sequence = piece.child('Sequence');
      const text = sequence.oneOf('id', ['A', 'B'] as const) === 'A' ? 0 : 1;
      if (name === 'single' && text === 1) throw piece.error('.Sequence.id must be A where there is one text, got B');
      return { text, typeId: sequence.integer('type_id') };
    });
  const [single, pair] = [placesOf('single'), placesOf('pair')];
  const added = (places: readonly Place[]) =>
    places.reduce((sum, place) => sum + ('special' in place ? place.special.ids.length : 0), 0);
  const counts = { single: added(single), pair: added(pair) };
  for (const [places, count] of [[single, counts.single] as const, [pair, counts.pair] as const]) {
    if (places.length <= most && count <= most) continue;
    throw fields.error(` must have at most ${most} places and special tokens, got ${places.length} and ${count}`);
  }
  return {
    added: (isPair) => (isPair ? counts.pair : counts.single),
    process(parts, specialTokens) {
      if (parts.length > 2) throw fields.error(` must come before what adds special tokens, got ${parts.length} parts`);
      return (parts.length === 2 ? pair : single).flatMap((place) => {
        if ('text' in place) return [typed(parts[place.text]!, place.typeId)];
        return specialTokens ? [place.special] : [];
      });
    },
  };
}
