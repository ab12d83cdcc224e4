import { CrossmodalError } from '../errors.js';
import { mediaKind } from './media-kind.js';
import type { Row } from './row.js';
import type { TarSample } from './tar-shards.js';

const decoder = new TextDecoder('utf-8', { fatal: true });

export interface SampleRowOptions {
  /** Keys of the JSON member that hold the parts of a row; an unnamed one looks for the part's own name. */
  columns?: {
    readonly text?: string;
    readonly label?: string;
    readonly domain?: string;
    readonly split?: string;
    readonly group?: string;
  };
}

/**
 * A function from tar samples to rows: an image or wav member becomes `image` or `audio` (bytes), `txt` a text, `cls` the
 * label, and a `json` member gives text, label, domain, split, group and the remaining fields.
 *
 * @throws CrossmodalError naming shard, sample and member: text that is not UTF-8, JSON that is not an object.
 * @example tarShards('train-000.tar').map(sampleRow({ columns: { text: 'sentence' } }));
 */
export function sampleRow({ columns = {} }: SampleRowOptions = {}): (sample: TarSample) => Row {
  return ({ origin, members }) => {
    const fields = jsonFields(origin, members.get('json'));
    const take = (role: keyof NonNullable<SampleRowOptions['columns']>): string | undefined => {
      const name = columns[role] ?? role;
      const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
      delete fields[name];
      return value === undefined || value === null || typeof value === 'object' ? undefined : String(value);
    };
    const media: { image?: Uint8Array; audio?: Uint8Array } = {};
    for (const [extension, data] of members) {
      const kind = extension.includes('.') ? undefined : mediaKind(`member.${extension}`);
      if ((kind === 'image' || kind === 'audio') && !media[kind]) media[kind] = data;
    }
    const written = members.get('txt') && memberText(origin, 'txt', members.get('txt') as Uint8Array);
    const texts = [written, take('text')].filter((text) => text !== undefined && text !== '') as string[];
    const named = members.get('cls') && memberText(origin, 'cls', members.get('cls') as Uint8Array).trim();
    const label = take('label');
    return {
      origin,
      text: texts[0],
      texts,
      ...media,
      label: named ?? label,
      domain: take('domain'),
      split: take('split'),
      group: take('group'),
      fields,
    };
  };
}

function memberText(origin: string, extension: string, bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (error) {
    throw new CrossmodalError(`sampleRow: ${origin}: member ${extension} is not UTF-8 text`, { cause: error });
  }
}

function jsonFields(origin: string, bytes: Uint8Array | undefined): Record<string, unknown> {
  if (!bytes) return {};
  let value: unknown;
  try {
    value = JSON.parse(memberText(origin, 'json', bytes));
  } catch (error) {
    if (CrossmodalError.isInstance(error)) throw error;
    throw new CrossmodalError(`sampleRow: ${origin}: member json is not JSON (${(error as Error).message})`, {
      cause: error,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new CrossmodalError(`sampleRow: ${origin}: member json must be an object`);
}
