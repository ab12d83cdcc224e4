import { CrossmodalError } from '@crossmodal/core';

/** The parts of a `tokenizer.json` that we read ourselves; the rest goes to @huggingface/tokenizers. */
export interface TokenizerJson {
  added_tokens: AddedToken[];
  normalizer: unknown;
  pre_tokenizer: Component | null;
  post_processor: PostProcessor | null;
  decoder: Component | null;
  model: { type?: string; vocab: unknown; unk_token?: string | null; unk_id?: number | null };
  truncation?: { max_length: number; stride?: number; strategy?: string; direction?: string } | null;
  padding?: {
    strategy: 'BatchLongest' | { Fixed: number };
    direction?: string;
    pad_to_multiple_of?: number | null;
    pad_id: number;
    pad_type_id?: number;
    pad_token: string;
  } | null;
}

/** A token that is found in the text before anything else is done to it. */
export interface AddedToken {
  id: number;
  content: string;
  /** Found only where no letter or digit stands beside it. */
  single_word?: boolean;
  /** Takes white space before (l) or behind (r) it with it. */
  lstrip?: boolean;
  rstrip?: boolean;
  /** Searched in normalised text rather than in the text as given. */
  normalized?: boolean;
  special?: boolean;
}

interface Component {
  type: string;
  pretokenizers?: Component[];
  decoders?: Component[];
  [key: string]: unknown;
}

type TemplatePiece =
  | { SpecialToken: { id: string; type_id: number } }
  | { Sequence: { id: 'A' | 'B'; type_id: number } };

export type PostProcessor =
  | {
      type: 'TemplateProcessing';
      single: TemplatePiece[];
      pair: TemplatePiece[];
      special_tokens: Record<string, { ids: number[]; tokens: string[] }>;
    }
  | { type: 'BertProcessing' | 'RobertaProcessing'; cls: [string, number]; sep: [string, number] }
  | { type: 'ByteLevel' }
  | { type: 'Sequence'; processors: PostProcessor[] };

/** @throws CrossmodalError naming `source` unless the object has the shape of a tokenizer.json */
export function checkTokenizerJson(value: unknown, source: string): TokenizerJson {
  const json = value as Partial<TokenizerJson> | null;
  if (typeof json !== 'object' || json === null || typeof json.model !== 'object' || json.model?.vocab === undefined) {
    throw new CrossmodalError(`loadTokenizer: ${source} is not a tokenizer.json: it has no model with a vocabulary`, {
      remedy: 'save the tokeniser with the tokenizers library (save_pretrained or Tokenizer.save)',
    });
  }
  return {
    ...(json as TokenizerJson),
    added_tokens: json.added_tokens ?? [],
    normalizer: json.normalizer ?? null,
    pre_tokenizer: json.pre_tokenizer ?? null,
    post_processor: json.post_processor ?? null,
    decoder: json.decoder ?? null,
  };
}

const word = '\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\u{200C}\\u{200D}';
const space = '\\p{White_Space}';

/** Applies `change` to a component and to those inside it. */
function deeply(component: Component | null, change: (part: Component) => Component): Component | null {
  if (!component) return null;
  const inner = (parts: Component[]) => parts.map((part) => deeply(part, change)!);
  return change({
    ...component,
    ...(component.pretokenizers ? { pretokenizers: inner(component.pretokenizers) } : {}),
    ...(component.decoders ? { decoders: inner(component.decoders) } : {}),
  });
}

/** `add_prefix_space` is the older way to say it. */
function prependScheme({ prepend_scheme: scheme, add_prefix_space: prefix }: Component): unknown {
  return scheme ?? (prefix === false ? 'never' : 'always');
}

/**
 * Where @huggingface/tokenizers departs from the Rust library, the pre-tokeniser is put in terms in which they agree: its
 * Whitespace and WhitespaceSplit go by JavaScript's \\w and \\s, which are ASCII and know other spaces than Unicode does.
 */
export function agreedPreTokenizer(component: Component | null): Component | null {
  const split = (pattern: string): Component => ({
    type: 'Split',
    pattern: { Regex: pattern },
    behavior: 'Removed',
    invert: true,
  });
  return deeply(component, (part) => {
    if (part.type === 'Whitespace') return split(`[${word}]+|[^${word}${space}]+`);
    if (part.type === 'WhitespaceSplit') return split(`[^${space}]+`);
    if (part.type === 'Metaspace') return { ...part, prepend_scheme: prependScheme(part) };
    return part;
  });
}

/** Likewise for decoders: Metaspace takes a first space away although none was put there. */
export function agreedDecoder(component: Component | null): Component | null {
  return deeply(component, (part) => {
    if (part.type !== 'Metaspace' || prependScheme(part) !== 'never') return part;
    const replace = { type: 'Replace', pattern: { String: part['replacement'] ?? '\u2581' }, content: ' ' };
    return { type: 'Sequence', decoders: [replace, { type: 'Fuse' }] };
  });
}
