import { CrossmodalError, isTraining } from '@crossmodal/core';

/** Options of a discriminator's loss. */
export interface DiscriminatorLossOptions {
  training?: boolean | undefined;
  /**
   * What the gradient penalty is multiplied by; 0 leaves it out. Set by `alternatingStep` where its `regulariseEvery` is.
   * @default 1
   */
  regularisation?: number | undefined;
}

/** @throws CrossmodalError for unknown options, and a factor below 0 */
export function discriminatorOptions(
  where: string,
  { regularisation = 1, ...others }: DiscriminatorLossOptions = {},
): { training: boolean; regularisation: number } {
  if (!(regularisation >= 0)) {
    throw new CrossmodalError(`${where}: regularisation must be a factor of 0 or more, got ${regularisation}`);
  }
  return { training: isTraining(where, others), regularisation };
}
