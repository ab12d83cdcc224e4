import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { parseJson } from './files/parse-json.js';
import { mediaKind } from './media-kind.js';
import type { Row } from './row.js';
import type { TarSample } from './tar-shards.js';

const decoder = new TextDecoder('utf-8', { fatal: true });

export interface SampleRowOptions {
  /**
   * Keys of the JSON member that hold the parts of a row; an unnamed one looks for the part's own name.
   * @default {}
   */
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
export function sampleRow({ columns = {}, ...others }: SampleRowOptions = {}): (sample: TarSample) => Row {
  assertKnownOptions('sampleRow', others, ['columns']);

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
    checkDottedNames(origin, members, texts.length > 0 || media.image !== undefined || media.audio !== undefined);
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

/**
 * WebDataset splits names at their first dot, so `photo.1.png` and `photo.2.png` are one sample without an image. A row that is empty for
 * that reason is refused.
 */
function checkDottedNames(origin: string, members: ReadonlyMap<string, Uint8Array>, usable: boolean): void {
  if (usable) return;
  const dotted = [...members.keys()].find((name) => name.includes('.') && mediaKind(`member.${name}`));
  if (dotted === undefined) return;
  throw new CrossmodalError(
    `sampleRow: ${origin}: has neither text nor image nor audio; its member ${JSON.stringify(dotted)} has more than one dot in its name`,
    { remedy: 'names are split at the first dot: replace the dots before the extension' },
  );
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
    value = parseJson(memberText(origin, 'json', bytes));
  } catch (error) {
    if (CrossmodalError.isInstance(error)) throw error;
    throw new CrossmodalError(`sampleRow: ${origin}: member json is not JSON (${(error as Error).message})`, {
      cause: error,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new CrossmodalError(`sampleRow: ${origin}: member json must be an object`);
}
