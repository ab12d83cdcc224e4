import { CrossmodalError } from '../errors.js';
import { type ModelFile, type ModelFiles, memoryFile, readConfig } from '../model-files/model-files.js';

/** Beside the files of Hugging Face's layout, which have no place for it. */
const fileName = 'crossmodal.json';

/**
 * The options that a loader was given, laid over those that the model was saved with: lengths, sizes, pooling and the like are
 * part of what an encoder computes, so a saved one is loaded with them again. A function that the saved one had and that is not
 * given again throws when it is called.
 *
 * @param names of the options that a file can hold
 * @param functions names of those that it cannot
 * @example
 * const options = await withSavedOptions(files, given, { where: 'loadTextEncoder', names: ['pooling'], functions: [] });
 */
export async function withSavedOptions<Options extends object>(
  files: ModelFiles,
  given: Options,
  { where, names, functions }: { where: string; names: readonly string[]; functions: readonly string[] },
): Promise<Options> {
  if (!files.has(fileName)) return given;
  const { label } = files.get(fileName)!;
  const { version, options, functions: lost } = await readConfig(files, fileName, { where });
  if (version !== 1) {
    throw new CrossmodalError(`${where}: ${label}: it has version ${JSON.stringify(version)}, this package reads 1`, {
      remedy: 'use the version of the package that wrote it',
    });
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options) || !Array.isArray(lost)) {
    throw new CrossmodalError(`${where}: ${label}: it must hold options and functions`, {
      remedy: 'copy the file again',
    });
  }
  const saved = Object.entries(options).filter(([name]) => names.includes(name));
  const missing = functions
    .filter((name) => lost.includes(name) && !(name in given))
    .map((name) => [
      name,
      () => {
        throw new CrossmodalError(`${where}: the option ${name} was a function, which a file cannot hold`, {
          remedy: `pass it when you load the model: { ${name} }`,
        });
      },
    ]);
  return { ...Object.fromEntries(saved), ...Object.fromEntries(missing), ...given };
}

/** The file that `withSavedOptions` reads; none when no option of these was given. */
export function savedOptionsFile(
  options: object,
  { names, functions }: { names: readonly string[]; functions: readonly string[] },
): ReadonlyMap<string, ModelFile> {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  const values = entries.filter(([name]) => names.includes(name));
  const lost = entries.flatMap(([name]) => (functions.includes(name) ? [name] : []));
  if (values.length + lost.length === 0) return new Map();
  const text = JSON.stringify({ version: 1, options: Object.fromEntries(values), functions: lost }, null, 2);
  return new Map([[fileName, memoryFile(`${text}\n`, { label: fileName })]]);
}
