/** Files by name, on a disk or in a bucket. */
export interface BlobFolder {
  /** How messages call it. */
  readonly label: string;
  /** Names of all files, sorted, with forward slashes; `under` is the beginning of the names. */
  list(options?: { under?: string }): AsyncIterable<string>;
  /** @throws CrossmodalError when there is no such file */
  read(name: string): Promise<Uint8Array>;
  /** Whole or not at all; replaces. */
  write(name: string, bytes: Uint8Array): Promise<void>;
  has(name: string): Promise<boolean>;
}
