import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Encoder } from '../encoder.js';
import { CrossmodalError } from '../errors.js';
import { disposeVariables, type NamedVariables, namedVariables } from '../variables.js';
import { type ModelFiles, subfolder } from './model-files.js';
import { type NetworkMaker, networkOf } from './networks.js';

/**
 * What loads the encoders inside a model, by their modality: `{ image: loadImageEncoder, text: loadTextEncoder, audio:
 * loadAudioEncoder }` serves every model of every package.
 */
export type EncoderLoaders = Readonly<Record<string, (files: ModelFiles) => Promise<Encoder<never>>>>;

/** What a file could not hold, or makes again what it describes. */
export interface RestoreOptions {
  encoders?: EncoderLoaders | undefined;
  /** Constructors of the values among the options that describe themselves, by name. */
  values?: Readonly<Record<string, (options: never) => unknown>> | undefined;
  /** What makes the models of tfjs-layers inside: `networkOfLayers` of `@crossmodal/core/layers`. */
  networks?: NetworkMaker | undefined;
  /** In place of options that were not saved, laid over the others. */
  given?: Readonly<Record<string, unknown>> | undefined;
}

/** Options again, with what was made for them. */
export interface RestoredOptions {
  options: Record<string, unknown>;
  encoders: readonly Encoder[];
  dispose(): void;
}

/**
 * Options from what `savedOptions` wrote.
 *
 * @throws CrossmodalError when a loader or constructor is missing, a part is damaged, or an option was not saved and is not given
 */
export async function restoredOptions(
  files: ModelFiles,
  config: { options: Record<string, unknown>; unsaved: { functions: readonly string[]; objects: readonly string[] } },
  {
    where,
    label,
    encoders = {},
    values = {},
    networks: make,
    given = {},
    within,
  }: RestoreOptions & { where: string; label: string; within: <T>(make: () => T) => T },
): Promise<RestoredOptions> {
  const made = new Map<string, Encoder | LayersModel>();
  const loaded: Encoder[] = [];
  const networks: LayersModel[] = [];
  const dispose = () => {
    for (const encoder of loaded) encoder.dispose();
    for (const network of networks) disposeVariables(namedVariables(network));
  };
  const refuse = (problem: string, remedy?: string) =>
    new CrossmodalError(`${where}: ${label}: ${problem}`, { remedy });

  const encoderFrom = async (modality: unknown, folder: unknown, frozen: unknown): Promise<Encoder> => {
    if (typeof modality !== 'string' || typeof folder !== 'string' || folder === '') {
      throw refuse(`an encoder must have a modality and a folder, got ${JSON.stringify({ modality, folder })}`);
    }
    const before = made.get(folder);
    if (before) return before as Encoder;
    if (!Object.hasOwn(encoders, modality)) {
      const names = Object.keys(encoders).join(', ');
      const function_ = ({ image: 'loadImageEncoder', text: 'loadTextEncoder', audio: 'loadAudioEncoder' } as const)[
        modality as 'image'
      ];
      throw refuse(
        `the encoder in ${folder}/ is one of ${modality}, for which there is no loader${names ? `, only for ${names}` : ''}`,
        `pass { encoders: { ${modality}: ${function_ ?? 'a function of its files'} } }`,
      );
    }
    const own = subfolder(files, folder);
    if (own.size === 0) throw refuse(`the folder ${folder}/ that it names is missing`, 'copy the whole folder');
    const encoder = (await encoders[modality]!(own)) as unknown as Encoder;
    loaded.push(encoder);
    made.set(folder, encoder);
    freezeNames(encoder.namedVariables(), frozen, refuse);
    return encoder;
  };
  const networkFrom = async (name: unknown): Promise<LayersModel> => {
    if (typeof name !== 'string') throw refuse(`a network must be named by a text, got ${JSON.stringify(name)}`);
    const before = made.get(name);
    if (before) return before as LayersModel;
    const network = await networkOf(files, name, { where, make, within });
    networks.push(network);
    made.set(name, network);
    return network;
  };
  const restored = async (value: unknown): Promise<unknown> => {
    if (Array.isArray(value)) {
      const list: unknown[] = [];
      for (const entry of value) list.push(await restored(entry));
      return list;
    }
    if (typeof value !== 'object' || value === null) return value;
    const record = value as Record<string, unknown>;
    if ('$number' in record) return Number(record['$number']);
    if ('$encoder' in record) return encoderFrom(record['$encoder'], record['folder'], record['frozen']);
    if ('$network' in record) return networkFrom(record['$network']);
    const entries: [string, unknown][] = [];
    const inner = '$made' in record ? ((record['options'] ?? {}) as Record<string, unknown>) : record;
    for (const [name, entry] of Object.entries(inner)) entries.push([name, await restored(entry)]);
    const plain = Object.fromEntries(entries);
    if (!('$made' in record)) return plain;
    const type = record['$made'];
    if (typeof type !== 'string' || !Object.hasOwn(values, type)) {
      throw refuse(
        `there is no ${JSON.stringify(type)}, only ${Object.keys(values).join(', ') || 'nothing that describes itself'}`,
        'load it with the version of the package that wrote it',
      );
    }
    return values[type]!(plain as never);
  };

  try {
    const options = (await restored(config.options)) as Record<string, unknown>;
    layOver(options, given);
    for (const path of config.unsaved.objects) {
      if (at(options, path) !== undefined) continue;
      throw refuse(`its option ${path} was an object of your own, which a file cannot hold`, `pass it again: ${path}`);
    }
    for (const path of config.unsaved.functions) {
      if (hasAt(options, path)) continue;
      putAt(options, path, () => {
        throw new CrossmodalError(`${where}: the option ${path} was a function, which a file cannot hold`, {
          remedy: `pass it when you load the model: { ${path} }`,
        });
      });
    }
    return { options, encoders: loaded, dispose };
  } catch (error) {
    dispose();
    throw error;
  }
}

/** What was frozen when the model was saved is frozen again, and all else trains; without a word of it, all stays as it was made. */
export function freezeNames(
  variables: NamedVariables,
  frozen: unknown,
  refuse: (problem: string) => CrossmodalError,
): void {
  if (frozen === undefined) return;
  const isList = Array.isArray(frozen) && frozen.every((name) => typeof name === 'string');
  if (frozen !== 'all' && !isList) {
    throw refuse(`frozen must be a list of names or 'all', got ${JSON.stringify(frozen)}`);
  }
  const names = new Set(isList ? (frozen as string[]) : []);
  for (const [name, variable] of Object.entries(variables)) variable.trainable = frozen !== 'all' && !names.has(name);
}

type Plain = Record<string, unknown>;
const isPlain = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;

/** Puts given options over saved ones; objects without methods are merged. */
function layOver(options: Plain, given: Readonly<Plain>): void {
  for (const [name, value] of Object.entries(given)) {
    const own = options[name];
    const merge = isPlain(own) && isPlain(value) && !Object.values(value).some((v) => typeof v === 'function');
    if (merge) layOver(own, value);
    else options[name] = value;
  }
}

function parentOf(options: Plain, path: string): [Plain | undefined, string] {
  const names = path.split('.');
  const last = names.pop()!;
  let target: unknown = options;
  // Own properties only: a path of a file must not reach what all objects share.
  for (const name of names)
    target =
      typeof target === 'object' && target !== null && Object.hasOwn(target, name)
        ? (target as Plain)[name]
        : undefined;
  return [target as Plain | undefined, last];
}

function at(options: Plain, path: string): unknown {
  const [parent, name] = parentOf(options, path);
  return parent !== undefined && Object.hasOwn(parent, name) ? parent[name] : undefined;
}

function hasAt(options: Plain, path: string): boolean {
  const [parent, name] = parentOf(options, path);
  return parent !== undefined && Object.hasOwn(parent, name);
}

function putAt(options: Plain, path: string, value: unknown): void {
  const [parent, name] = parentOf(options, path);
  if (parent) Object.defineProperty(parent, name, { value, enumerable: true, writable: true, configurable: true });
}
