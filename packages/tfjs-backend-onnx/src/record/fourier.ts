import { constantValue, sizeOf, type Value } from '../ir/graph.js';
import { add, matMul, mul, reshape, scalar, sub, transpose } from '../ir/ops.js';
import type { ComplexValue } from './complex-value.js';

/** Up to this length the transform is one product with the matrix of its roots of unity. */
const DIRECT = 128;
/** A matrix for a prime length: beyond this it would not fit into memory comfortably. */
const LARGEST_PRIME = 4096;

/**
 * Discrete Fourier transform along the last axis, X_k = sum_n x_n exp(-2 pi i k n / N) (inverse: the other sign, divided
 * by N), as matrix products. Long lengths N = a b are transformed in two rounds of lengths a and b with a rotation
 * between them (Cooley and Tukey), which keeps the matrices small. `undefined` for a length that has a prime factor too
 * large for that.
 */
export function fourier(real: Value, imag: Value, inverse: boolean): ComplexValue | undefined {
  const { shape } = real;
  const n = shape[shape.length - 1]!;
  if (largestPrime(n) > LARGEST_PRIME) return undefined;
  const rows = sizeOf(shape) / n;
  const flat = { real: reshape(real, [rows, n]), imag: reshape(imag, [rows, n]) };
  const result = along(flat, n, inverse ? 1 : -1);
  const scaled = (value: Value) => reshape(inverse ? mul(value, scalar(1 / n)) : value, shape);
  return { real: scaled(result.real), imag: scaled(result.imag) };
}

/** Transforms [rows, n] along the last axis. */
function along(x: ComplexValue, n: number, sign: 1 | -1): ComplexValue {
  const rows = x.real.shape[0]!;
  const a = n <= DIRECT ? n : factorOf(n);
  if (a === n) {
    const matrix = roots(n, n, n, sign);
    return product(x, matrix, (value, factor) => matMul(value, factor));
  }
  const b = n / a;
  // Position n = b n1 + n2, frequency k = k1 + a k2: first along n1 ...
  const columns = map(x, (value) => reshape(transpose(reshape(value, [rows, a, b]), [0, 2, 1]), [rows * b, a]));
  const first = map(along(columns, a, sign), (value) => reshape(value, [rows, b, a]));
  // ... then the rotation by n2 k1, then along n2.
  const turned = product(first, roots(b, a, n, sign), mul);
  const second = along(
    map(turned, (value) => reshape(transpose(value, [0, 2, 1]), [rows * a, b])),
    b,
    sign,
  );
  return map(second, (value) => reshape(transpose(reshape(value, [rows, a, b]), [0, 2, 1]), [rows, n]));
}

const map = ({ real, imag }: ComplexValue, f: (value: Value) => Value): ComplexValue => ({
  real: f(real),
  imag: f(imag),
});

function product(x: ComplexValue, y: ComplexValue, f: (a: Value, b: Value) => Value): ComplexValue {
  return {
    real: sub(f(x.real, y.real), f(x.imag, y.imag)),
    imag: add(f(x.real, y.imag), f(x.imag, y.real)),
  };
}

/** exp(sign 2 pi i j k / period) for j < rows, k < columns. */
function roots(rows: number, columns: number, period: number, sign: 1 | -1): ComplexValue {
  const real = new Float32Array(rows * columns);
  const imag = new Float32Array(rows * columns);
  for (let j = 0; j < rows; j++) {
    for (let k = 0; k < columns; k++) {
      const angle = (2 * Math.PI * ((j * k) % period)) / period;
      real[j * columns + k] = Math.cos(angle);
      imag[j * columns + k] = sign * Math.sin(angle);
    }
  }
  const name = `${rows}-${columns}-${period}-${sign}`;
  return {
    real: constantValue(real, [rows, columns], 'float32', `cosine${name}`),
    imag: constantValue(imag, [rows, columns], 'float32', `sine${name}`),
  };
}

/** The divisor nearest to the square root, from below; the number itself when it is prime. */
function factorOf(n: number): number {
  for (let a = Math.floor(Math.sqrt(n)); a > 1; a--) if (n % a === 0) return a;
  return n;
}

function largestPrime(n: number): number {
  let rest = n;
  let largest = 1;
  for (let p = 2; p * p <= rest; p++) {
    while (rest % p === 0) {
      largest = p;
      rest /= p;
    }
  }
  return rest > 1 ? rest : largest;
}
