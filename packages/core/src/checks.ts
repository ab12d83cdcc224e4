import { CrossmodalError } from './errors.js';
import { nearestName } from './known-options.js';

/**
 * Refuses what is not a whole number of at least `least` and at most `most`.
 *
 * @param where the function and the option, such as `beam: width`
 * @param most without it there is no upper end
 * @throws CrossmodalError with the number
 * @example
 * requireInteger('beam: width', 4);
 * requireInteger('topKAccuracy: k', 5, 1, 10);
 */
export function requireInteger(where: string, value: number, least = 1, most = Number.POSITIVE_INFINITY): void {
  if (Number.isSafeInteger(value) && value >= least && value <= most) return;
  const range = most === Number.POSITIVE_INFINITY ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new CrossmodalError(`${where} must be an integer ${range}, got ${String(value)}`);
}

/**
 * Refuses a share outside [0, 1), such as a rate of dropout.
 *
 * @param where the function and the option
 * @throws CrossmodalError with the number
 * @example
 * requireRate('transformerDecoder: dropout', 0.1);
 */
export function requireRate(where: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new CrossmodalError(`${where} must be in [0, 1), got ${value}`);
}

/**
 * Refuses what is not a positive finite number.
 *
 * @param where the function and the option
 * @throws CrossmodalError with the number
 * @example
 * requirePositive('sample: temperature', 0.7);
 */
export function requirePositive(where: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new CrossmodalError(`${where} must be a positive number, got ${value}`);
  }
}

/**
 * Refuses a text that is none of a few names, such as a misspelled kind of loss.
 *
 * @param where the function and the option
 * @throws CrossmodalError with all names, and the nearest one where one was probably meant
 * @example
 * requireOneOf('gan: loss', 'hinge', ['minimax', 'hinge']);
 */
export function requireOneOf<T extends string>(where: string, value: T, choices: readonly T[]): void {
  if (choices.includes(value)) return;
  const near = typeof value === 'string' ? nearestName(value, choices) : undefined;
  throw new CrossmodalError(`${where} must be one of ${choices.join(', ')}, got ${String(value)}`, {
    remedy: near && `did you mean '${near}'?`,
  });
}

/**
 * Refuses a missing seed, which would make every model without one the same.
 *
 * @param where the function
 * @throws CrossmodalError with what was given
 * @example
 * requireSeed('matchModel', 1);
 */
export function requireSeed(where: string, seed: number): void {
  if (!Number.isSafeInteger(seed)) {
    throw new CrossmodalError(`${where}: seed must be an integer, got ${seed}`, {
      remedy: 'pass { seed: 1 }; equal seeds give equal models',
    });
  }
}
