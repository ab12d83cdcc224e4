import { type Encoding, joined } from '../encoding.js';
import { type Fields, shown } from '../fields.js';
import { type PostProcessor, specialEncoding, typed } from './post-processor.js';

/**
 * `[CLS] A [SEP]`, with a second text `B [SEP]` of type 1; or `<s> A </s>`, with a second text `</s> B </s>`, all of type 0.
 * As in the Rust library, the fields tell which: RoBERTa's has `trim_offsets` and `add_prefix_space`.
 */
export function bertOrRoberta(fields: Fields): PostProcessor {
  const roberta = fields.has('trim_offsets') && fields.has('add_prefix_space');
  const [begin, end] = [special(fields, 'cls'), special(fields, 'sep')];
  /** Puts special tokens around an encoding and around the windows that overflow. */
  const surround = (encoding: Encoding, around: (inner: Encoding) => Encoding[]): Encoding => ({
    ...joined(...around({ ...encoding, specialTokensMask: encoding.ids.map(() => 0) })),
    overflowing: encoding.overflowing.map((window) => ({
      ...joined(...around({ ...window, specialTokensMask: window.ids.map(() => 0) })),
      overflowing: [],
    })),
  });
  const zero = (encoding: Encoding): Encoding => typed(encoding, 0);
  return {
    added: (pair) => (pair ? (roberta ? 4 : 3) : 2),
    process(parts, specialTokens) {
      const texts = roberta ? parts.map(zero) : parts;
      if (!specialTokens) return [...texts];
      return texts.map((text, i) => {
        if (i === 0) return surround(text, (inner) => [begin(0), roberta ? zero(inner) : inner, end(0)]);
        if (roberta) return surround(text, (inner) => [end(0), zero(inner), end(0)]);
        return surround(text, (inner) => [inner, end(1)]);
      });
    },
  };
}

function special(fields: Fields, name: string): (typeId: number) => Encoding {
  const pair = fields.list(name);
  const [token, id] = pair;
  if (pair.length !== 2 || typeof token !== 'string' || !Number.isInteger(id) || (id as number) < 0) {
    throw fields.error(`.${name} must be a token and its number, got ${shown(pair)}`);
  }
  return (typeId) => specialEncoding([id as number], [token], typeId);
}
