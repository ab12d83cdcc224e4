import FFT from 'fft.js';

/** The discrete Fourier transform of `size` real numbers: X_k = sum_n x_n exp(-2 pi i k n / size), k = 0 .. size/2. */
export interface RealFourier {
  readonly size: number;
  /** Writes 1 + floor(size/2) interleaved pairs (real, imaginary) to `spectrum`. */
  forward(signal: Float64Array, spectrum: Float64Array): void;
  /** Inverse of `forward`, with the factor 1/size. */
  inverse(spectrum: Float64Array, signal: Float64Array): void;
}

const plans = new Map<number, RealFourier>();

/** The transform of a given size, made once per size. Powers of two go to fft.js, other sizes through Bluestein. */
export function realFourier(size: number): RealFourier {
  let plan = plans.get(size);
  if (!plan) {
    plan = size > 2 && (size & (size - 1)) === 0 ? powerOfTwo(size) : fromComplex(size, bluestein(size));
    plans.set(size, plan);
  }
  return plan;
}

function powerOfTwo(size: number): RealFourier {
  const fft = new FFT(size);
  const full = new Float64Array(2 * size);
  const back = new Float64Array(2 * size);
  return {
    size,
    forward(signal, spectrum) {
      fft.realTransform(full, signal);
      spectrum.set(full.subarray(0, size + 2));
    },
    inverse(spectrum, signal) {
      full.set(spectrum.subarray(0, size + 2));
      fft.completeSpectrum(full);
      fft.inverseTransform(back, full);
      for (let n = 0; n < size; n++) signal[n] = back[2 * n]!;
    },
  };
}

/** A complex transform, in and out interleaved, forward only. */
type Complex = (input: Float64Array, output: Float64Array) => void;

function fromComplex(size: number, complex: Complex): RealFourier {
  const input = new Float64Array(2 * size);
  const output = new Float64Array(2 * size);
  const half = Math.floor(size / 2);
  return {
    size,
    forward(signal, spectrum) {
      for (let n = 0; n < size; n++) {
        input[2 * n] = signal[n]!;
        input[2 * n + 1] = 0;
      }
      complex(input, output);
      spectrum.set(output.subarray(0, 2 * (half + 1)));
    },
    inverse(spectrum, signal) {
      // The conjugate of the inverse is the forward transform of the conjugate, over size; the signal is real.
      for (let k = 0; k < size; k++) {
        const mirrored = k > half;
        const from = mirrored ? size - k : k;
        input[2 * k] = spectrum[2 * from]!;
        input[2 * k + 1] = mirrored ? spectrum[2 * from + 1]! : -spectrum[2 * from + 1]!;
      }
      complex(input, output);
      for (let n = 0; n < size; n++) signal[n] = output[2 * n]! / size;
    },
  };
}

/**
 * Any size by a circular convolution of a power of two: k n = (k^2 + n^2 - (k - n)^2) / 2.
 * @see Bluestein (1970), "A linear filtering approach to the computation of the discrete Fourier transform"
 */
function bluestein(size: number): Complex {
  let length = 4;
  while (length < 2 * size - 1) length *= 2;
  const fft = new FFT(length);
  const chirp = new Float64Array(2 * size);
  for (let n = 0; n < size; n++) {
    // n^2 modulo 2 size keeps the angle exact for large n.
    const angle = (Math.PI * ((n * n) % (2 * size))) / size;
    chirp[2 * n] = Math.cos(angle);
    chirp[2 * n + 1] = Math.sin(angle);
  }
  const kernel = new Float64Array(2 * length);
  for (let n = 0; n < size; n++) {
    for (const at of n === 0 ? [0] : [n, length - n]) {
      kernel[2 * at] = chirp[2 * n]!;
      kernel[2 * at + 1] = chirp[2 * n + 1]!;
    }
  }
  const kernelSpectrum = new Float64Array(2 * length);
  fft.transform(kernelSpectrum, kernel);
  const work = new Float64Array(2 * length);
  const spectrum = new Float64Array(2 * length);
  return (input, output) => {
    work.fill(0);
    multiply(input, chirp, work, size, -1);
    fft.transform(spectrum, work);
    multiply(spectrum, kernelSpectrum, spectrum, length, 1);
    fft.inverseTransform(work, spectrum);
    multiply(work, chirp, output, size, -1);
  };
}

/** c = a b, or a times the conjugate of b when `sign` is -1; interleaved, `count` numbers. */
function multiply(a: Float64Array, b: Float64Array, c: Float64Array, count: number, sign: 1 | -1): void {
  for (let n = 0; n < 2 * count; n += 2) {
    const re = a[n]!;
    const im = a[n + 1]!;
    const bRe = b[n]!;
    const bIm = sign * b[n + 1]!;
    c[n] = re * bRe - im * bIm;
    c[n + 1] = re * bIm + im * bRe;
  }
}
