import type { HostArray } from './host-array.js';
import type { Media } from './row.js';

/**
 * Turns files, or their bytes, into arrays away from the main thread. The encoder packages provide these: images through
 * sharp's own threads, sounds through a `workerPool`.
 */
export interface Decoder<Item extends Media = Media> {
  /** @throws CrossmodalError naming the file and the remedy. */
  decode(item: Item): Promise<HostArray>;
  /** All that the result depends on besides the content, as plain JSON: what a cache needs to know. */
  readonly settings: unknown;
  close(): Promise<void>;
}
