import type { Encoder } from '../encoder.js';
import { CrossmodalError } from '../errors.js';
import type { NamedVariables } from '../variables.js';
import type { ModelFile, ModelFiles } from './model-files.js';
import { isNetwork, networkFile } from './networks.js';

/**
 * A value that says how it is made again, such as a likelihood or a way to join modalities: the name of its constructor and
 * that one's options. Models that have it as an option save it so.
 */
export interface Described {
  readonly saved?: { readonly type: string; readonly options: Readonly<Record<string, unknown>> };
}

/** Options as config.json holds them, and what lies beside it. */
export interface SavedOptions {
  options: Record<string, unknown>;
  /** Of the encoders and networks inside. */
  files: Map<string, ModelFile>;
  /** Paths of the options that a file cannot hold: functions, and objects that do not describe themselves. */
  unsaved: { functions: string[]; objects: string[] };
  /** Variables that encoders inside save themselves. */
  elsewhere: Set<NamedVariables[string]>;
}

/**
 * Options of a constructor as JSON: numbers, texts and lists as they are; an encoder becomes a folder, a model of tfjs-layers a
 * file of its layers, a value that describes itself its name and options.
 *
 * @param type of the model, for messages
 * @throws CrossmodalError for an encoder that cannot be saved
 */
export async function savedOptions(type: string, options: Readonly<Record<string, unknown>>): Promise<SavedOptions> {
  const saved: SavedOptions = {
    options: {},
    files: new Map(),
    unsaved: { functions: [], objects: [] },
    elsewhere: new Set(),
  };
  saved.options = ((await described(options, [], { type, saved, places: new Map() })) ?? {}) as Record<string, unknown>;
  return saved;
}

interface Context {
  type: string;
  saved: SavedOptions;
  /** Encoders and networks that were met, and where they lie: what is shared is saved once. */
  places: Map<object, string>;
}

async function described(value: unknown, path: readonly string[], context: Context): Promise<unknown> {
  const { unsaved } = context.saved;
  const place = path.join('.');
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $number: String(value) };
  if (typeof value === 'bigint' || typeof value === 'symbol') {
    throw new CrossmodalError(`${context.type}: the option ${place} cannot be saved: it is a ${typeof value}`);
  }
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return value;
  const own = (value as Described).saved;
  if (own) return { $made: own.type, options: await described(own.options, path, context) };
  if (typeof value === 'function') {
    unsaved.functions.push(place);
    return undefined;
  }
  if (isEncoder(value)) return encoderAt(value, path, context);
  if (isNetwork(value)) return networkAt(value, path, context);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as unknown as number[]);
  if (Array.isArray(value)) {
    return Promise.all(value.map((entry, i) => described(entry, [...path, String(i)], context)));
  }
  const prototype = Object.getPrototypeOf(value) as unknown;
  const functions = Object.values(value).filter((entry) => typeof entry === 'function' && !(entry as Described).saved);
  if ((prototype !== Object.prototype && prototype !== null) || functions.length > 0) {
    if (path.length > 0) {
      unsaved.objects.push(place);
      return undefined;
    }
  }
  const entries: [string, unknown][] = [];
  // One after the other: folders are called after the first of several that share an encoder.
  for (const [name, entry] of Object.entries(value)) {
    if (name.startsWith('$')) {
      throw new CrossmodalError(
        `${context.type}: the option ${place} cannot be saved: the name '${name}' begins with $`,
      );
    }
    const result = await described(entry, [...path, name], context);
    if (result !== undefined) entries.push([name, result]);
  }
  return Object.fromEntries(entries);
}

function isEncoder(value: object): value is Encoder {
  return 'encode' in value && 'namedVariables' in value && 'modality' in value;
}

async function encoderAt(encoder: Encoder, path: readonly string[], context: Context): Promise<unknown> {
  const { type, saved, places } = context;
  const variables = encoder.namedVariables();
  for (const variable of Object.values(variables)) saved.elsewhere.add(variable);
  let folder = places.get(encoder);
  if (folder === undefined) {
    if (!encoder.files) {
      throw new CrossmodalError(`${type}: the encoder ${path.join('.')} cannot be saved: it has no files`, {
        remedy: "tell defineEncoder what makes it again: saved: { type: 'myEncoder', options }",
      });
    }
    folder = freeName(path, places);
    places.set(encoder, folder);
    for (const [name, file] of await encoder.files()) saved.files.set(`${folder}/${name}`, file);
  }
  return { $encoder: encoder.modality, folder, frozen: frozenNames(variables) };
}

function networkAt(network: Parameters<typeof networkFile>[0], path: readonly string[], context: Context): unknown {
  let name = context.places.get(network);
  if (name === undefined) {
    name = `${freeName(path, context.places)}.json`;
    context.places.set(network, name);
    context.saved.files.set(name, networkFile(network, name));
  }
  return { $network: name };
}

/** `encoders.image` lies in `image`, `discriminator.body` in `discriminator/body`. */
function freeName(path: readonly string[], places: ReadonlyMap<object, string>): string {
  const short = path[0] === 'encoders' || path[0] === 'modalities' ? path.slice(1) : path;
  const base = short.map((part) => part.replace(/[^\w-]/g, '_') || '_').join('/');
  const taken = new Set([...places.values()].map((name) => name.replace(/\.json$/, '')));
  for (let i = 1; ; i++) {
    const name = i === 1 ? base : `${base}-${i}`;
    if (!taken.has(name) && name !== 'config' && name !== 'model') return name;
  }
}

/** Names of the variables that are not trained: the statistics, and what was frozen. */
export function frozenNames(variables: NamedVariables): readonly string[] | 'all' {
  const entries = Object.entries(variables);
  const names = entries.filter(([, { trainable }]) => !trainable).map(([name]) => name);
  return names.length > 0 && names.length === entries.length ? 'all' : names;
}

/** The files beside config.json: of the parts, and others. */
export const besideConfig = (parts: ModelFiles, others: ModelFiles): ModelFiles => new Map([...parts, ...others]);
