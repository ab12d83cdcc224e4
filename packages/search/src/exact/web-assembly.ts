/** The part of WebAssembly's interface that is used here; its types come with those of browsers, which are not loaded. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Adds pages of 64 KB. */
  grow(pages: number): number;
}

interface Engine {
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: Record<string, unknown> };
  Memory: new (options: { initial: number; maximum: number; shared: boolean }) => WasmMemory;
}

export const { WebAssembly: webAssembly } = globalThis as unknown as { WebAssembly: Engine };
