/** The ways to run tensors, by the names a user types. */
export type DeviceName = 'cuda' | 'webgpu' | 'cpu' | 'tensorflow' | 'wasm' | 'js';

/** What `useDevice` chose. */
export interface Device {
  readonly name: DeviceName;
  /** The name under which TensorFlow.js knows the backend (`tf.getBackend()`). */
  readonly backend: string;
  /** What computes, in words: the library, its version, the adapter. */
  readonly description: string;
  /** Why this one: demanded by whom, or the best of those that work. */
  readonly reason: string;
  /** True when `compile` replays whole steps instead of calling the function each time. */
  readonly compiles: boolean;
  /** Devices that `auto` tried before this one, and why each was passed over. */
  readonly passedOver: readonly { readonly name: DeviceName; readonly why: string }[];
}

/** How one device is brought up. */
export interface DeviceDriver {
  readonly name: DeviceName;
  readonly backend: string;
  /** What to do when the device is demanded and does not work. */
  readonly remedy: string;
  /**
   * Loads the packages and registers the backend with TensorFlow.js; the caller makes it current.
   * With `automatic`, refuses what works but is no gain (a software graphics adapter).
   * @throws when it cannot work here; the message says why in a few words.
   */
  load(options: { automatic: boolean; threads?: number | undefined }): Promise<{ describe(): string }>;
  /** True when `load` can set the number of threads. */
  readonly takesThreads?: boolean;
}
