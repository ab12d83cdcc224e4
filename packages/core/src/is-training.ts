import { CrossmodalError } from './errors.js';
import { assertKnownOptions } from './known-options.js';

/**
 * What the last argument of `loss`, `encode` and the like says: true only when it was told so, never by a slip of the pen.
 *
 * @param where the method, for messages
 * @throws CrossmodalError for an option that does not exist, and unless `training` is true, false or missing
 * @example
 * const training = isTraining('model.loss', { training: true }); // true
 */
export function isTraining(
  where: string,
  options: {
    /** @default false */
    training?: boolean | undefined;
  } = {},
): boolean {
  assertKnownOptions(where, options, ['training']);
  const { training = false } = options;
  if (typeof training !== 'boolean') {
    throw new CrossmodalError(`${where}: training must be true or false, got ${String(training)}`);
  }
  return training;
}
