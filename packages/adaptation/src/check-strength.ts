import { CrossmodalError } from '@crossmodal/core';
import type { Schedule } from '@crossmodal/core/schedules';

/** Refuses a factor that is neither a schedule nor a finite number of at least zero. */
export function checkStrength(caller: string, option: string, strength: number | Schedule): void {
  if (typeof strength === 'function') return;
  if (!(strength >= 0 && Number.isFinite(strength))) {
    throw new CrossmodalError(`${caller}: ${option} must be a number of at least 0, or a schedule, got ${strength}`);
  }
}
