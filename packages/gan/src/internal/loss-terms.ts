import type { Scalar } from '@tensorflow/tfjs-core';

/** A loss with the terms that are reported beside it. */
export type LossTerms = { loss: Scalar } & Record<string, Scalar>;
