/** The 16-bit amplitude of each A-law byte (ITU-T G.711): even bits are inverted, then sign, three bits of exponent, four of fraction. */
const fromALaw = Int16Array.from({ length: 256 }, (_, byte) => {
  const code = byte ^ 0x55;
  const exponent = (code >> 4) & 7;
  const fraction = ((code & 15) << 4) + 8;
  const size = exponent === 0 ? fraction : (fraction + 0x100) << (exponent - 1);
  return code & 0x80 ? size : -size;
});

/** The same of each mu-law byte: all bits are inverted, and a bias of 132 is taken off. */
const fromMuLaw = Int16Array.from({ length: 256 }, (_, byte) => {
  const code = ~byte;
  const size = ((((code & 15) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
  return code & 0x80 ? -size : size;
});

/** Interleaved bytes of A-law or mu-law to channels of 16-bit amplitudes. */
export function logarithmic(bytes: Uint8Array, channels: number, law: 'A' | 'mu'): Int16Array[] {
  const table = law === 'A' ? fromALaw : fromMuLaw;
  const frames = Math.floor(bytes.length / channels);
  return Array.from({ length: channels }, (_, c) =>
    Int16Array.from({ length: frames }, (__, t) => table[bytes[t * channels + c] as number] as number),
  );
}
