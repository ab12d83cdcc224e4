/** A picture or a recording: the path of its file, or the bytes of one. */
export type Media = string | Uint8Array;

/** One item of a data set, whichever kind of file it came from. What it lacks is undefined. */
export interface Row {
  /** Where it came from, for messages: file and line, or shard and key. */
  readonly origin: string;
  /** The first of `texts`, or the one that was chosen. */
  readonly text?: string | undefined;
  /** All texts of the item: several captions of one picture. */
  readonly texts: readonly string[];
  readonly image?: Media | undefined;
  readonly audio?: Media | undefined;
  readonly label?: string | undefined;
  readonly domain?: string | undefined;
  readonly split?: string | undefined;
  /** Items of one group must not be divided between training and test. */
  readonly group?: string | undefined;
  /** Everything else that the source says about the item, by column. */
  readonly fields: Readonly<Record<string, unknown>>;
}
