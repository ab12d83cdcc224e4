import type { Row } from '@crossmodal/core/data';

/** Data that were recognised: how they are laid out, and the way to their rows. */
export interface DataSource {
  /** `csv`, `class folders`, `COCO captions`, ... */
  kind: string;
  /** What was found, in words: which columns, which folders. */
  description: string;
  /** The folder that all files of the rows lie in. */
  root: string;
  /** Rows as they stand in the data; captions of one picture may be several rows. */
  rows(): AsyncIterable<Row>;
}

/** Which column holds what, where it is not to be guessed. */
export interface ColumnChoice {
  image?: string | undefined;
  audio?: string | undefined;
  text?: string | undefined;
  label?: string | undefined;
  split?: string | undefined;
  group?: string | undefined;
}
