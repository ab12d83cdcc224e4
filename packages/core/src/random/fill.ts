import { normalQuantile } from './normal-quantile.js';
import { threefry, type Words } from './threefry.js';

const scale24 = 2 ** -24;
const scale32 = 2 ** -32;
const block = new Uint32Array(2);

/**
 * Fills `out` with float32 uniforms in [0, 1) of 24 bits, value i being a function of the key and of i alone.
 */
export function uniformFromKey([key0, key1]: Words, out: Float32Array): void {
  const size = out.length;
  for (let i = 0, counter = 0; i < size; i += 2, counter++) {
    threefry(key0, key1, counter, 0, block);
    out[i] = ((block[0] as number) >>> 8) * scale24;
    if (i + 1 < size) out[i + 1] = ((block[1] as number) >>> 8) * scale24;
  }
}

/** Fills `out` with standard normals, by the quantile of uniforms of 32 bits; none is further out than 6.3. */
export function normalFromKey([key0, key1]: Words, out: Float32Array): void {
  const size = out.length;
  for (let i = 0, counter = 0; i < size; i += 2, counter++) {
    threefry(key0, key1, counter, 0, block);
    out[i] = normalQuantile(((block[0] as number) + 0.5) * scale32);
    if (i + 1 < size) out[i + 1] = normalQuantile(((block[1] as number) + 0.5) * scale32);
  }
}
