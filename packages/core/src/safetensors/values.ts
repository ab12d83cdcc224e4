import { CrossmodalError } from '../errors.js';
import type { SafetensorsDtype } from './dtypes.js';

/** A tensor as a file holds it: its bytes, little endian, row-major. */
export interface StoredTensor {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export type StoredValues =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

interface FloatFormat {
  exponent: number;
  mantissa: number;
  bias: number;
  /** What the largest exponent means: infinities and NaN, only the last code NaN, or the code of minus zero NaN. */
  special: 'ieee' | 'last' | 'negativeZero';
}

const small: Partial<Record<SafetensorsDtype, FloatFormat>> = {
  F16: { exponent: 5, mantissa: 10, bias: 15, special: 'ieee' },
  BF16: { exponent: 8, mantissa: 7, bias: 127, special: 'ieee' },
  F8_E5M2: { exponent: 5, mantissa: 2, bias: 15, special: 'ieee' },
  F8_E4M3: { exponent: 4, mantissa: 3, bias: 7, special: 'last' },
  F8_E4M3FNUZ: { exponent: 4, mantissa: 3, bias: 8, special: 'negativeZero' },
  F8_E5M2FNUZ: { exponent: 5, mantissa: 2, bias: 16, special: 'negativeZero' },
};

/** The number that a code of a small floating-point format stands for. */
function decodeFloat(code: number, { exponent, mantissa, bias, special }: FloatFormat): number {
  const sign = code >>> (exponent + mantissa) ? -1 : 1;
  const power = (code >>> mantissa) & ((1 << exponent) - 1);
  const fraction = code & ((1 << mantissa) - 1);
  const top = power === (1 << exponent) - 1;
  if (special === 'negativeZero' && sign < 0 && power === 0 && fraction === 0) return Number.NaN;
  if (special === 'ieee' && top) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (special === 'last' && top && fraction === (1 << mantissa) - 1) return Number.NaN;
  if (power === 0) return sign * fraction * 2 ** (1 - bias - mantissa);
  return sign * (1 + fraction / (1 << mantissa)) * 2 ** (power - bias);
}

/** A table of all values of a format of up to sixteen bits, made once. */
const tables = new Map<SafetensorsDtype, Float32Array>();
function table(dtype: SafetensorsDtype, format: FloatFormat): Float32Array {
  let values = tables.get(dtype);
  if (!values) {
    const bits = 1 + format.exponent + format.mantissa;
    values = Float32Array.from({ length: 1 << bits }, (_, code) => decodeFloat(code, format));
    tables.set(dtype, values);
  }
  return values;
}

/**
 * The values of a stored tensor: floats of up to 32 bits as float32 (half and bfloat16 widened), integers as they are,
 * booleans as bytes, complex numbers as pairs. The array is a copy.
 *
 * @throws CrossmodalError for the types below eight bits, which are packed
 * @example
 * decodeValues({ dtype: 'I16', shape: [2], bytes: Uint8Array.of(1, 0, 2, 0) }); // Int16Array [1, 2]
 */
export function decodeValues({ dtype, bytes }: StoredTensor): StoredValues {
  // A copy aligns: data may start at any byte. (The slice of a Buffer would be a view.)
  const { buffer } = new Uint8Array(bytes);
  switch (dtype) {
    case 'F32':
    case 'C64':
      return new Float32Array(buffer);
    case 'F64':
      return new Float64Array(buffer);
    case 'I8':
      return new Int8Array(buffer);
    case 'I16':
      return new Int16Array(buffer);
    case 'I32':
      return new Int32Array(buffer);
    case 'I64':
      return new BigInt64Array(buffer);
    case 'U8':
    case 'BOOL':
      return new Uint8Array(buffer);
    case 'U16':
      return new Uint16Array(buffer);
    case 'U32':
      return new Uint32Array(buffer);
    case 'U64':
      return new BigUint64Array(buffer);
    case 'F8_E8M0':
      return Float32Array.from(bytes, (code) => (code === 255 ? Number.NaN : 2 ** (code - 127)));
    default: {
      const format = small[dtype];
      if (!format)
        throw new CrossmodalError(
          `decodeValues: values of type ${dtype} are packed below eight bits and not supported`,
        );
      const values = table(dtype, format);
      const codes = format.exponent + format.mantissa > 8 ? new Uint16Array(buffer) : new Uint8Array(buffer);
      return Float32Array.from(codes, (code) => values[code] as number);
    }
  }
}
