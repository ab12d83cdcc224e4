import type { PretrainedEncoder } from '@crossmodal/core/blocks';
import type { ImageItem } from '../image.js';

/** An image encoder that was loaded from files. */
export interface PretrainedImageEncoder extends PretrainedEncoder<ImageItem> {
  /** Names of the classes of its head, where config.json has them. */
  readonly labels: readonly string[] | undefined;
}
