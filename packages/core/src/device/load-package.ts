import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Loads an optional package by name, CommonJS or ES module, or throws a short reason: not installed, or installed and
 * broken, with the first line of what went wrong.
 */
export function loadPackage(name: string): unknown {
  try {
    return require(name);
  } catch (error) {
    throw new Error(explain(name, error), { cause: error });
  }
}

function explain(name: string, error: unknown): string {
  const { code, message = String(error) } = error as { code?: string; message?: string };
  const missing = code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
  const first = message.split('\n')[0] ?? '';
  // The package itself is missing, as against one of the files that it wants in turn.
  if (missing && first.includes(`'${name}'`)) return `${name} is not installed`;
  return `${name} is installed but does not load: ${first}`;
}

/** The version that a package states, for descriptions; `of` names the package whose dependency it is. */
export function packageVersion(name: string, { of }: { of?: string } = {}): string {
  try {
    const from = of === undefined ? require : createRequire(require.resolve(of));
    return (from(`${name}/package.json`) as { version: string }).version;
  } catch {
    return 'of unknown version';
  }
}
