import { CrossmodalError } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** Refuses features that are no numbers: a classifier of them would give a number all the same. */
export async function requireFiniteRows(caller: string, domains: Readonly<Record<string, Tensor2D>>): Promise<void> {
  for (const [name, x] of Object.entries(domains)) {
    const values = await x.data();
    const bad = values.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) continue;
    throw new CrossmodalError(
      `${caller}: ${name} must be finite, got ${values[bad]} in row ${Math.floor(bad / x.shape[1])}`,
      { remedy: 'look for NaN and infinities in what the features come from' },
    );
  }
}
