import { CrossmodalError } from '@crossmodal/core';
import { requireInteger, requirePositive, type Samples } from '../waveform.js';

export interface ResampleOptions {
  /** Rate of the given samples, a whole number of hertz. */
  from: number;
  /** Rate wanted. */
  to: number;
  /**
   * `sinc`: windowed sinc interpolation as in torchaudio; `polyphase`: a Kaiser-windowed low-pass filter as in scipy's
   * resample_poly, steeper and about three times slower.
   */
  method?: 'sinc' | 'polyphase';
  /** Zero crossings of the sinc on each side (`sinc` only). */
  width?: number;
  /** Cutoff as a share of the lower Nyquist frequency (`sinc` only). */
  rolloff?: number;
}

/** For each output phase, which weights to apply from which input sample on. */
interface Phases {
  up: number;
  down: number;
  starts: Int32Array;
  weights: Float64Array[];
}

const cache = new Map<string, Phases>();

/**
 * Changes the sample rate. With o and n the rates divided by their greatest common divisor,
 *
 * - `sinc`: kernel_j(k) = sinc(t) cos^2(pi t / (2 width)) base / o, t = base (k/o - j/n) clipped to [-width, width],
 *   base = rolloff min(o, n), phases j = 0 .. n - 1;
 * - `polyphase`: a low-pass filter of 20 max(o, n) + 1 taps, Kaiser window with beta 5, cutoff 1 / max(o, n).
 *
 * Beyond its ends the signal is zero. When the rates are equal, a copy is returned.
 *
 * @param samples amplitudes, [time]
 * @returns [ceil(to length / from)]
 * @throws CrossmodalError when a rate is not a positive whole number
 * @see Smith (2002), "Digital audio resampling"; torchaudio.functional.resample; scipy.signal.resample_poly
 * @example
 * const speech = resample(samples, { from: 44100, to: 16000 });
 */
export function resample(
  samples: Samples,
  {
    from,
    to,
    method = 'sinc',
    width = 6, // torchaudio: lowpass_filter_width
    rolloff = 0.99, // torchaudio
  }: ResampleOptions,
): Float32Array {
  requireInteger('resample: from', from, 1);
  requireInteger('resample: to', to, 1);
  requirePositive('resample: width', width);
  if (!(rolloff > 0 && rolloff <= 1)) throw new CrossmodalError(`resample: rolloff must be in (0, 1], got ${rolloff}`);
  if (from === to) return Float32Array.from(samples);
  const divisor = greatestCommonDivisor(from, to);
  const [down, up] = [from / divisor, to / divisor];
  const key = [up, down, method, width, rolloff].join();
  let phases = cache.get(key);
  if (!phases) {
    phases = method === 'sinc' ? sincPhases(up, down, width, rolloff) : polyphase(up, down);
    if (cache.size >= 16) cache.clear();
    cache.set(key, phases);
  }
  return apply(samples, phases);
}

function apply(samples: Samples, { up, down, starts, weights }: Phases): Float32Array {
  const length = samples.length;
  const out = new Float32Array(Math.ceil((up * length) / down));
  for (let m = 0; m < out.length; m++) {
    const phase = m % up;
    const start = Math.floor(m / up) * down + starts[phase]!;
    const weight = weights[phase]!;
    const last = Math.min(weight.length, length - start);
    let sum = 0;
    for (let k = Math.max(0, -start); k < last; k++) sum += weight[k]! * samples[start + k]!;
    out[m] = sum;
  }
  return out;
}

function sincPhases(up: number, down: number, width: number, rolloff: number): Phases {
  const base = Math.min(up, down) * rolloff;
  const reach = Math.ceil((width * down) / base);
  const starts = new Int32Array(up);
  const weights: Float64Array[] = [];
  for (let j = 0; j < up; j++) {
    const row = new Float64Array(2 * reach + down);
    for (let i = 0; i < row.length; i++) {
      const t = base * ((i - reach) / down - j / up);
      // At and beyond the last zero crossing the window is zero.
      if (Math.abs(t) >= width) continue;
      row[i] = (sinc(t) * Math.cos((Math.PI * t) / (2 * width)) ** 2 * base) / down;
    }
    trim(row, -reach, j, starts, weights);
  }
  return { up, down, starts, weights };
}

function polyphase(up: number, down: number): Phases {
  const largest = Math.max(up, down);
  const half = 10 * largest;
  const beta = 5;
  const taps = Float64Array.from({ length: 2 * half + 1 }, (_, i) => {
    const x = (i - half) / half;
    return sinc((i - half) / largest) * (besselI0(beta * Math.sqrt(Math.max(0, 1 - x * x))) / besselI0(beta));
  });
  const gain = up / taps.reduce((sum, v) => sum + v, 0);
  const starts = new Int32Array(up);
  const weights: Float64Array[] = [];
  // y_m = sum_k h[half + m down - k up] x_k; for m = q up + j the distance is counted from k = q down.
  const reach = Math.ceil(half / up) + down;
  for (let j = 0; j < up; j++) {
    const row = new Float64Array(2 * reach + 1);
    for (let i = 0; i < row.length; i++) row[i] = (taps[half + j * down - (i - reach) * up] ?? 0) * gain;
    trim(row, -reach, j, starts, weights);
  }
  return { up, down, starts, weights };
}

/** Keeps the stretch of `row` that is not zero. */
function trim(row: Float64Array, start: number, phase: number, starts: Int32Array, weights: Float64Array[]): void {
  let first = 0;
  let last = row.length;
  while (first < last && row[first] === 0) first++;
  while (last > first && row[last - 1] === 0) last--;
  starts[phase] = start + first;
  weights.push(row.slice(first, last));
}

function sinc(t: number): number {
  return t === 0 ? 1 : Math.sin(Math.PI * t) / (Math.PI * t);
}

/** Modified Bessel function of order zero by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > 1e-17 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
