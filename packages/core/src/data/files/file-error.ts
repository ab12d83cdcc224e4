import { CrossmodalError } from '../../errors.js';

const reasons: Record<string, [problem: string, remedy: string]> = {
  ENOENT: ['does not exist', 'check the path'],
  ENOTDIR: ['is not in a folder', 'check the path'],
  EISDIR: ['is a folder, not a file', 'check the path'],
  EACCES: ['may not be read', 'check its permissions'],
  EPERM: ['may not be read', 'check its permissions'],
  EMFILE: ['cannot be opened, too many files are open', 'lower concurrency'],
  ENAMETOOLONG: ['has too long a name', 'check the path'],
  ELOOP: ['is a link that leads back to itself', 'check the path'],
};

/** An error about a file: which function, which file, what is wrong with it and what to do. */
export function fileError(
  where: string,
  path: string,
  problem: string,
  remedy?: string,
  cause?: unknown,
): CrossmodalError {
  return new CrossmodalError(`${where}: ${path}: ${problem}`, { remedy, cause });
}

/** What the operating system or a library said about a file, as an error that names the file and the remedy. */
export function readingError(where: string, path: string, error: unknown): CrossmodalError {
  if (CrossmodalError.isInstance(error)) return error;
  const code = typeof error === 'object' && error !== null ? String((error as { code?: unknown }).code) : '';
  const known = reasons[code];
  if (known) return fileError(where, path, known[0], known[1], error);
  return fileError(where, path, error instanceof Error ? error.message : String(error), undefined, error);
}
