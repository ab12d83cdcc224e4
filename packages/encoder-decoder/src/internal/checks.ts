import { CrossmodalError } from '@crossmodal/core';

/** Refuses what is not a whole number of at least `least`; `where` is "function: option". */
export function requireInteger(where: string, value: number, least = 1): void {
  if (!Number.isSafeInteger(value) || value < least) {
    throw new CrossmodalError(`${where} must be an integer of at least ${least}, got ${value}`);
  }
}

/** Refuses a share outside [0, 1). */
export function requireRate(where: string, value: number): void {
  if (!(value >= 0 && value < 1)) throw new CrossmodalError(`${where} must be in [0, 1), got ${value}`);
}

/** Refuses what is not a positive finite number. */
export function requirePositive(where: string, value: number): void {
  if (!(value > 0 && Number.isFinite(value))) {
    throw new CrossmodalError(`${where} must be a positive number, got ${value}`);
  }
}
