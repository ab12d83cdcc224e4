import type { LayersModel } from '@tensorflow/tfjs-layers';

/**
 * A discriminator in two parts, so that one pass over the images serves several conditions: the matching-aware loss
 * judges each real image with its own text and with another's.
 */
export interface Discriminator {
  /** Samples -> features. */
  readonly body: LayersModel;
  /** Features, and the condition when there is one -> logits [batch, 1]. */
  readonly head: LayersModel;
}
