import { CrossmodalError } from '../errors.js';
import { disposeVariables, type NamedVariables } from '../variables.js';
import { type ModelCard, type ModelFiles, readConfig } from './model-files.js';
import { openWeights } from './stored-weights.js';
import { assignWeights } from './weight-plan.js';
import { modelFiles } from './write-model.js';

const format = 'crossmodal';
const version = 1;

/** What makes a model of this house again. */
export interface SavedModel {
  /** The name that `loadSavedModel` finds its constructor by. */
  type: string;
  /** The constructor's options, as JSON can hold them; functions are left out. */
  options: Readonly<Record<string, unknown>>;
  /** More files: of a tokeniser, of the models that it is made of. */
  others?: () => ModelFiles | Promise<ModelFiles>;
}

/**
 * The files of a model of this house: `config.json` with its type and options, `model.safetensors`, `README.md`.
 *
 * @example
 * const files = await savedModelFiles({ type: 'pair', options: { dimension: 8 } }, model.namedVariables());
 */
export async function savedModelFiles(
  { type, options, others }: SavedModel,
  variables: NamedVariables,
  { card }: { card?: ModelCard } = {},
): Promise<ModelFiles> {
  const plain = Object.fromEntries(Object.entries(options).filter(([, value]) => typeof value !== 'function'));
  return modelFiles({
    config: { format, version, type, options: plain },
    variables: Object.entries(variables),
    ...(others ? { others: await others() } : {}),
    ...(card ? { card } : {}),
  });
}

/** True when a config.json was written by `savedModelFiles`. */
export const isSavedModel = (config: Readonly<Record<string, unknown>>): boolean => config['format'] === format;

/** What a model must offer to be loaded. */
interface Loadable {
  namedVariables(): NamedVariables;
}

/**
 * Loads a model that `savedModelFiles` wrote: makes it by its type and options, then reads its weights. No code of the files
 * is run.
 *
 * @param constructors what makes a model of its options, by type
 * @throws CrossmodalError when the files are not of a model of this house, the type is not among the constructors, the version
 *   is another, or weights are missing, extra or of another shape
 * @example
 * const encoder = await loadSavedModel(files, { linear: (options) => linearEncoder(options as never) }, { where: 'example' });
 */
export async function loadSavedModel<Model extends Loadable>(
  files: ModelFiles,
  constructors: Readonly<
    Record<string, (options: Record<string, unknown>, files: ModelFiles) => Model | Promise<Model>>
  >,
  { where }: { where: string },
): Promise<Model> {
  const config = await readConfig(files, 'config.json', { where });
  const { label } = files.get('config.json')!;
  const refuse = (problem: string, remedy?: string) =>
    new CrossmodalError(`${where}: ${label}: ${problem}`, { remedy });
  if (!isSavedModel(config))
    throw refuse(`it must have the format '${format}', got ${JSON.stringify(config['format'])}`);
  if (config['version'] !== version) {
    throw refuse(`it has version ${JSON.stringify(config['version'])}, this package reads ${version}`);
  }
  const { type, options } = config;
  if (typeof type !== 'string' || !Object.hasOwn(constructors, type)) {
    throw refuse(
      `the type must be one of ${Object.keys(constructors).join(', ')}, got ${JSON.stringify(type)}`,
      'load it with the package that it was made with',
    );
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw refuse('options must be an object');
  }
  const weights = await openWeights(files, { where });
  const model = await constructors[type]!({ ...(options as Record<string, unknown>) }, files);
  try {
    await assignWeights(weights, model.namedVariables(), { where });
  } catch (error) {
    disposeVariables(model.namedVariables());
    throw error;
  }
  return model;
}
