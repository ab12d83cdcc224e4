import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { disposeVariables, type NamedVariables } from '../variables.js';
import { version as packageVersion } from '../version.js';
import { type ModelCard, type ModelFiles, readConfig } from './model-files.js';
import { freezeNames, type RestoreOptions, restoredOptions } from './restored-options.js';
import { besideConfig, frozenNames, savedOptions } from './saved-options.js';
import { openWeights } from './stored-weights.js';
import { WeightLimit } from './weight-limit.js';
import { assignWeights } from './weight-plan.js';
import { modelFiles } from './write-model.js';

const format = 'crossmodal';
const version = 1;

/** What makes a model of this house again. */
export interface SavedModel {
  /** The name that `loadSavedModel` finds its constructor by. */
  type: string;
  /**
   * The constructor's options. Encoders among them are saved in folders of their own, models of tfjs-layers as files of their
   * layers, values that describe themselves (`saved`) by name; functions and other objects cannot be saved and are named in
   * config.json.
   */
  options: Readonly<Record<string, unknown>>;
  /** More files: of a tokeniser. */
  others?: () => ModelFiles | Promise<ModelFiles>;
}

/**
 * The files of a model of this house: `config.json` with its type and options, `model.safetensors`, `README.md`, and a folder
 * for each encoder inside.
 *
 * @param variables of the model; those of encoders inside lie in their folders
 * @throws CrossmodalError when an encoder inside cannot be saved
 * @example
 * const files = await savedModelFiles({ type: 'pair', options: { dimension: 8 } }, model.namedVariables());
 */
export async function savedModelFiles(
  { type, options, others }: SavedModel,
  variables: NamedVariables,
  { card, ...unknown }: { card?: ModelCard } = {},
): Promise<ModelFiles> {
  assertKnownOptions('savedModelFiles', unknown, ['card']);
  const saved = await savedOptions(type, options);
  const own = Object.fromEntries(Object.entries(variables).filter(([, variable]) => !saved.elsewhere.has(variable)));
  const { functions, objects } = saved.unsaved;
  return modelFiles({
    config: {
      format,
      version,
      writer: `@crossmodal/core ${packageVersion}`,
      type,
      options: saved.options,
      frozen: frozenNames(own),
      ...(functions.length + objects.length > 0 ? { unsaved: { functions, objects } } : {}),
    },
    variables: Object.entries(own),
    others: besideConfig(saved.files, others ? await others() : new Map()),
    ...(card ? { card } : {}),
  });
}

/** True when a config.json was written by `savedModelFiles`. */
export const isSavedModel = (config: Readonly<Record<string, unknown>>): boolean => config['format'] === format;

/**
 * Makes a model of its options. What it makes after waiting for something is made inside of `within`: only there, weights that the
 * files cannot fill are refused before their memory is asked for.
 */
export type ModelConstructor<Model> = (
  options: Record<string, unknown>,
  files: ModelFiles,
  within: <T>(make: () => T) => T,
) => Model | Promise<Model>;

/** What a model must offer to be loaded. */
interface Loadable {
  namedVariables(): NamedVariables;
}

interface Config {
  type: string;
  options: Record<string, unknown>;
  frozen: unknown;
  unsaved: { functions: readonly string[]; objects: readonly string[] };
  label: string;
  refuse(problem: string, remedy?: string): CrossmodalError;
}

/** config.json, checked. */
async function configOf(files: ModelFiles, where: string): Promise<Config> {
  const config = await readConfig(files, 'config.json', { where });
  const { label } = files.get('config.json')!;
  const refuse = (problem: string, remedy?: string) =>
    new CrossmodalError(`${where}: ${label}: ${problem}`, { remedy });
  if (!isSavedModel(config)) {
    throw refuse(`it must have the format '${format}', got ${JSON.stringify(config['format'])}`);
  }
  if (config['version'] !== version) {
    throw refuse(
      `it has version ${JSON.stringify(config['version'])}, this package reads ${version}`,
      `use the version that wrote it (${String(config['writer'] ?? 'unknown')})`,
    );
  }
  const { type, options, frozen, unsaved = {} } = config;
  if (typeof type !== 'string') throw refuse(`the type must be a text, got ${JSON.stringify(type)}`);
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw refuse('options must be an object');
  }
  const { functions = [], objects = [] } = unsaved as { functions?: unknown; objects?: unknown };
  for (const list of [functions, objects]) {
    if (!Array.isArray(list) || list.some((path) => typeof path !== 'string')) {
      throw refuse('unsaved must hold lists of names');
    }
  }
  return {
    type,
    options: options as Record<string, unknown>,
    frozen,
    unsaved: { functions: functions as string[], objects: objects as string[] },
    label,
    refuse,
  };
}

/**
 * The type of a model that `savedModelFiles` wrote, for who knows only the folder.
 *
 * @throws CrossmodalError when the files are not of a model of this house, or of another version
 * @example
 * const files = await openFolder('models/mine');
 * const load = { dualEncoder: loadDualEncoder, vae: loadVae }[await savedModelType(files)];
 */
export async function savedModelType(files: ModelFiles): Promise<string> {
  return (await configOf(files, 'savedModelType')).type;
}

/**
 * Loads a model that `savedModelFiles` wrote: makes it by its type and options, then reads its weights. No code of the files
 * is run.
 *
 * @param constructors what makes a model of its options, by type
 * @param options.encoders what loads the encoders inside, by modality
 * @param options.values what makes the values again that describe themselves, by name
 * @param options.networks what makes the models of tfjs-layers inside: `networkOfLayers` of `@crossmodal/core/layers`
 * @param options.given options that a file could not hold
 * @throws CrossmodalError when the files are not of a model of this house, the type is not among the constructors, the version
 *   is another, config.json asks for more weights than there are, or they are missing, extra or of another shape
 * @example
 * const encoder = await loadSavedModel(files, { linear: (options) => linearEncoder(options as never) }, { where: 'example' });
 */
export async function loadSavedModel<Model extends Loadable>(
  files: ModelFiles,
  constructors: Readonly<Record<string, ModelConstructor<Model>>>,
  { where, ...restore }: RestoreOptions & { where: string },
): Promise<Model> {
  assertKnownOptions('loadSavedModel', restore, ['encoders', 'values', 'networks', 'given', 'where']);
  const { type, options, frozen, unsaved, label, refuse } = await configOf(files, where);
  if (!Object.hasOwn(constructors, type)) {
    throw refuse(
      `the type must be one of ${Object.keys(constructors).join(', ')}, got ${JSON.stringify(type)}`,
      'load it with the package that it was made with',
    );
  }
  const weights = await openWeights(files, { where });
  const stored = [...weights.entries.values()].map(({ shape }) => shape.reduce((product, size) => product * size, 1));
  const limit = new WeightLimit(
    stored.reduce((sum, count) => sum + count, 0),
    refuse,
  );
  const within = <T>(make: () => T): T => limit.within(make);
  const restored = await restoredOptions(files, { options, unsaved }, { ...restore, where, label, within });
  let model: Model;
  try {
    model = await within(() => constructors[type]!(restored.options, files, within));
  } catch (error) {
    restored.dispose();
    throw error;
  }
  const elsewhere = new Set(restored.encoders.flatMap((encoder) => Object.values(encoder.namedVariables())));
  const own = Object.fromEntries(Object.entries(model.namedVariables()).filter(([, v]) => !elsewhere.has(v)));
  try {
    await assignWeights(weights, own, { where });
    freezeNames(own, frozen, refuse);
  } catch (error) {
    disposeVariables(own);
    for (const encoder of restored.encoders) encoder.dispose();
    throw error;
  }
  return model;
}
