const marker = Symbol.for('crossmodal.error');

/**
 * The error that every package of the house throws for wrong input, files or settings. The message says which function,
 * what must hold, what was given, and, when there is one, the remedy.
 *
 * @example
 * try { await readCheckpoint('runs/a', 500); } catch (error) {
 *   if (CrossmodalError.isInstance(error)) process.exitCode = 1;
 * }
 */
export class CrossmodalError extends Error {
  readonly [marker] = true;
  readonly remedy: string | undefined;

  constructor(message: string, { remedy, cause }: { remedy?: string | undefined; cause?: unknown } = {}) {
    super(remedy ? `${message}; ${remedy}` : message, cause === undefined ? undefined : { cause });
    this.name = 'CrossmodalError';
    this.remedy = remedy;
  }

  /** True for errors of this class, also those of another copy of the package. */
  static isInstance(error: unknown): error is CrossmodalError {
    return typeof error === 'object' && error !== null && marker in error;
  }
}
