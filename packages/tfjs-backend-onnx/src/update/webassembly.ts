/** The part of WebAssembly's interface that is used here; its types come with those of browsers, which are not loaded. */
export interface Memory {
  readonly buffer: ArrayBuffer;
}

interface Engine {
  Memory: new (size: { initial: number; maximum: number }) => Memory;
  Module: new (bytes: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { exports: unknown };
  CompileError: new (...args: unknown[]) => Error;
}

/** Undefined where it is switched off. */
export const { WebAssembly } = globalThis as unknown as { WebAssembly: Engine };

/** Bytes of one page of memory. */
export const PAGE = 65_536;

// ---------------------------------------------------------------- the binary format
// WebAssembly Core Specification 2.0, chapter 5.

export const I32 = 0x7f;
export const F32 = 0x7d;
export const V128 = 0x7b;

/** An unsigned number in LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return bytes;
}

const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()];
const name = (text: string): number[] => list([...Buffer.from(text)].map((byte) => [byte]));
const section = (id: number, content: readonly number[]): number[] => [id, ...unsigned(content.length), ...content];

export const localGet = (index: number): number[] => [0x20, ...unsigned(index)];
export const localSet = (index: number): number[] => [0x21, ...unsigned(index)];
export const localTee = (index: number): number[] => [0x22, ...unsigned(index)];
export const I32_ADD = [0x6a];
export const I32_LESS = [0x49];
export const END = [0x0b];
/** A small constant, 0 to 63. */
export const i32Constant = (value: number): number[] => [0x41, value];
/** A loop without results, and the jump to its start if the number on the stack is not 0. */
export const LOOP = [0x03, 0x40];
export const REPEAT_IF = [0x0d, 0x00];

const simd = (operator: number): number[] => [0xfd, ...unsigned(operator)];
const ALIGNED = [0x04, 0x00]; // to 2^4 bytes, offset 0
export const V128_LOAD = [...simd(0x00), ...ALIGNED];
export const V128_STORE = [...simd(0x0b), ...ALIGNED];
export const V128_AND = simd(0x4e);
export const V128_OR = simd(0x50);
/** Four numbers at a time. */
export const F32X4 = {
  splat: simd(0x13),
  notEqual: simd(0x42),
  less: simd(0x43),
  greater: simd(0x44),
  abs: simd(0xe0),
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
} as const;
/** Four times the number whose bits are given. */
export const v128Constant = (value: number): number[] => {
  const bytes = [...new Uint8Array(Float32Array.of(value).buffer)];
  return [...simd(0x0c), ...bytes, ...bytes, ...bytes, ...bytes];
};

/** A module with one function `run`, without results, on the memory that is imported as `host.memory`. */
export function moduleOf(parameters: readonly number[], vectors: number, body: readonly number[]): Uint8Array {
  const locals = list([
    [1, I32],
    [...unsigned(vectors), V128],
  ]);
  const code = [...locals, ...body, ...END];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, list([[0x60, ...list(parameters.map((type) => [type])), 0]])),
    ...section(2, list([[...name('host'), ...name('memory'), 0x02, 0x00, 0x01]])),
    ...section(3, list([[0]])),
    ...section(7, list([[...name('run'), 0x00, 0x00]])),
    ...section(10, list([[...unsigned(code.length), ...code]])),
  ]);
}
