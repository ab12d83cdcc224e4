/**
 * The periodic Hann window, w_k = 0.5 - 0.5 cos(2 pi k / length), k = 0 .. length - 1.
 * @see Harris (1978), "On the use of windows for harmonic analysis with the discrete Fourier transform", eq. 27a
 */
export function hann(length: number): Float64Array {
  return Float64Array.from({ length }, (_, k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / length));
}

/** The symmetric Hann window: denominator length - 1, so both ends are zero. */
export function symmetricHann(length: number): Float64Array {
  if (length === 1) return new Float64Array([1]);
  return Float64Array.from({ length }, (_, k) => 0.5 - 0.5 * Math.cos((2 * Math.PI * k) / (length - 1)));
}

/** Kaldi's window: the symmetric Hann window to the power 0.85. */
export function povey(length: number): Float64Array {
  return symmetricHann(length).map((w) => w ** 0.85);
}
