/** Bits per element of each type that the format knows, in the reference implementation's order. */
export const dtypeBits = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  C64: 64,
  F64: 64,
  I64: 64,
  U64: 64,
} as const;

export type SafetensorsDtype = keyof typeof dtypeBits;

export function isDtype(name: unknown): name is SafetensorsDtype {
  return typeof name === 'string' && Object.hasOwn(dtypeBits, name);
}

const order = new Map(Object.keys(dtypeBits).map((name, i) => [name, i]));

/** Negative when tensors of type `a` come before those of type `b` in a file: the larger types first. */
export function compareDtypes(a: SafetensorsDtype, b: SafetensorsDtype): number {
  return (order.get(b) as number) - (order.get(a) as number);
}
