import { readFileSync } from 'node:fs';

export interface RawTensor {
  dtype: string;
  shape: number[];
  data: Float32Array | Float64Array | Int32Array | Uint8Array | BigInt64Array | Uint16Array;
}

const views: Record<string, (buffer: ArrayBuffer) => RawTensor['data']> = {
  F32: (b) => new Float32Array(b),
  F64: (b) => new Float64Array(b),
  I32: (b) => new Int32Array(b),
  I64: (b) => new BigInt64Array(b),
  U8: (b) => new Uint8Array(b),
  BOOL: (b) => new Uint8Array(b),
  F16: (b) => new Uint16Array(b),
  BF16: (b) => new Uint16Array(b),
};

/** Reads a trusted safetensors file of the test data. The product's own, defensive reader lives in `core`. */
export function readSafetensors(path: string | URL): Record<string, RawTensor> {
  const bytes = readFileSync(path);
  const headerLength = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.subarray(8, 8 + headerLength).toString('utf8')) as Record<
    string,
    { dtype: string; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors: Record<string, RawTensor> = {};
  for (const [name, entry] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const view = views[entry.dtype];
    if (!view)
      throw new Error(`readSafetensors: ${path}: tensor ${name} has dtype ${entry.dtype}, which tests do not use`);
    const [from, to] = entry.data_offsets;
    const copy = new Uint8Array(bytes.subarray(8 + headerLength + from, 8 + headerLength + to)).slice().buffer;
    tensors[name] = { dtype: entry.dtype, shape: entry.shape, data: view(copy as ArrayBuffer) };
  }
  return tensors;
}
