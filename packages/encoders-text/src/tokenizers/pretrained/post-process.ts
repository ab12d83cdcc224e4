import { type Encoding, emptyEncoding, merge } from './encoding.js';
import type { PostProcessor } from './tokenizer-json.js';

/** A place of a template: one of the texts, or special tokens. */
type Place = { text: 0 | 1; typeId?: number } | { ids: number[]; tokens: string[]; typeId: number };

/** The order in which texts and special tokens stand, for one text and for two. */
interface Template {
  single: Place[];
  pair: Place[];
}

const plain: Template = { single: [{ text: 0 }], pair: [{ text: 0 }, { text: 1 }] };

function templateOf(processor: PostProcessor | null): Template {
  switch (processor?.type) {
    case 'TemplateProcessing': {
      const places = (pieces: typeof processor.single): Place[] =>
        pieces.map((piece) => {
          if ('Sequence' in piece) return { text: piece.Sequence.id === 'A' ? 0 : 1, typeId: piece.Sequence.type_id };
          const { id, type_id: typeId } = piece.SpecialToken;
          const { ids, tokens } = processor.special_tokens[id]!;
          return { ids, tokens, typeId };
        });
      return { single: places(processor.single), pair: places(processor.pair) };
    }
    case 'BertProcessing': {
      const [begin, end] = [processor.cls, processor.sep].map(([token, id]) => ({
        ids: [id],
        tokens: [token],
        typeId: 0,
      }));
      const single: Place[] = [begin!, { text: 0, typeId: 0 }, end!];
      return { single, pair: [...single, { text: 1, typeId: 1 }, { ...end!, typeId: 1 }] };
    }
    case 'RobertaProcessing': {
      const [begin, end] = [processor.cls, processor.sep].map(([token, id]) => ({
        ids: [id],
        tokens: [token],
        typeId: 0,
      }));
      const single: Place[] = [begin!, { text: 0, typeId: 0 }, end!];
      return { single, pair: [...single, end!, { text: 1, typeId: 0 }, end!] };
    }
    case 'Sequence':
      // ByteLevel only moves offsets; of the rest, at most one adds tokens in the files that exist.
      return templateOf(processor.processors.find(({ type }) => type !== 'ByteLevel') ?? null);
    default:
      return plain;
  }
}

export interface PostProcessing {
  /** How many special tokens are added to one text, or to a pair. */
  added(pair: boolean): number;
  run(texts: readonly [Encoding, Encoding?], specialTokens: boolean): Encoding;
}

/** What is done with encoded texts: special tokens are put in their places, types are set. */
export function postProcessing(processor: PostProcessor | null): PostProcessing {
  const template = templateOf(processor);
  const isTemplate = processor?.type === 'TemplateProcessing';
  const added = (places: Place[]) => places.reduce((sum, place) => sum + ('ids' in place ? place.ids.length : 0), 0);
  return {
    added: (pair) => added(pair ? template.pair : template.single),
    run(texts, specialTokens) {
      // Without special tokens only a TemplateProcessing still says the types.
      const places = (specialTokens || isTemplate ? template : plain)[texts[1] ? 'pair' : 'single'];
      let out = emptyEncoding;
      for (const place of places) {
        if ('ids' in place) {
          if (specialTokens) out = merge(out, special(place));
        } else {
          out = merge(out, typed(texts[place.text]!, place.typeId ?? place.text));
        }
      }
      return out;
    },
  };
}

function special({ ids, tokens, typeId }: { ids: number[]; tokens: string[]; typeId: number }): Encoding {
  const all = (value: number) => ids.map(() => value);
  return { ids, tokens, typeIds: all(typeId), attentionMask: all(1), specialTokensMask: all(1), overflowing: [] };
}

function typed(encoding: Encoding, typeId: number): Encoding {
  return {
    ...encoding,
    typeIds: encoding.ids.map(() => typeId),
    overflowing: encoding.overflowing.map((window) => typed(window, typeId)),
  };
}
