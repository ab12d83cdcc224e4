import { threefry, type Words } from './threefry.js';

const scale24 = 2 ** -24;
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

/**
 * Fills `out` with standard normals by the Box-Muller transform: sqrt(-2 ln u) (cos 2 pi v, sin 2 pi v), u in (0, 1].
 */
export function normalFromKey([key0, key1]: Words, out: Float32Array): void {
  const size = out.length;
  for (let i = 0, counter = 0; i < size; i += 2, counter++) {
    threefry(key0, key1, counter, 0, block);
    const radius = Math.sqrt(-2 * Math.log(((block[0] as number) + 1) * 2 ** -32));
    const angle = (block[1] as number) * (2 * Math.PI * 2 ** -32);
    out[i] = radius * Math.cos(angle);
    if (i + 1 < size) out[i + 1] = radius * Math.sin(angle);
  }
}
