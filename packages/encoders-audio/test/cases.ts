import { golden, goldenIndex } from '@crossmodal/testkit';
import type { Spectrogram } from '../src/index.js';

export interface AudioCase {
  name: string;
  file: string;
  options: Record<string, never>;
  inputs: Record<string, { value?: number }>;
  outputs: Record<string, { value?: number }>;
  tolerance: Record<string, number>;
}

export const folder = new URL('./golden/', import.meta.url);

/** The golden cases whose name begins with `prefix`. */
export function cases(prefix: string): AudioCase[] {
  return goldenIndex<{ cases: AudioCase[] }>(folder).cases.filter((c) => c.name.startsWith(prefix));
}

export function read(name: string): (tensor: string) => { data: Float32Array; shape: number[] } {
  const { raw } = golden(new URL(`${name}.safetensors`, folder));
  return (tensor) => {
    const found = raw[tensor];
    if (!found) throw new Error(`${name} has no ${tensor}`);
    return { data: found.data as Float32Array, shape: found.shape };
  };
}

/** [frames, bins] to [bins, frames], the order of the reference values. */
export function transposed({ data: values, shape: [frames, bins] }: Spectrogram): Float32Array {
  return Float32Array.from(
    { length: frames * bins },
    (_, i) => values[(i % frames) * bins + Math.floor(i / frames)] as number,
  );
}

/** A reproducible signal that is nothing special: two tones and a little deterministic roughness. */
export function signal(length: number): Float32Array {
  return Float32Array.from(
    { length },
    (_, n) => 0.5 * Math.sin(n * 0.31) + 0.2 * Math.cos(n * 1.7 + 0.4) + 0.05 * Math.sin(n * n * 0.013),
  );
}
