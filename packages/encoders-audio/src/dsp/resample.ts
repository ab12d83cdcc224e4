import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import { requireFinite, requireSampleRate, type Samples } from '../waveform.js';

export interface ResampleOptions {
  /** Rate of the given samples, a whole number of hertz. */
  from: number;
  /** Rate wanted. */
  to: number;
  /**
   * `sinc`: windowed sinc interpolation as in torchaudio; `polyphase`: a Kaiser-windowed low-pass filter as in scipy's
   * resample_poly, steeper and about three times slower.
   * @default 'sinc'
   */
  method?: 'sinc' | 'polyphase';
  /**
   * Zero crossings of the sinc on each side (`sinc` only).
   * @default 6
   */
  width?: number;
  /**
   * Cutoff as a share of the lower Nyquist frequency (`sinc` only).
   * @default 0.99
   */
  rolloff?: number;
}

/** Which weights to apply, from which input sample on, for the output samples of one phase. */
interface Row {
  start: number;
  weights: Float64Array;
}

interface Filter {
  up: number;
  down: number;
  /** Rows that were needed already. */
  rows: Map<number, Row>;
  row(phase: number): Row;
}

const cache = new Map<string, Filter>();
/** Weights that a filter may keep: 16 MB. Beyond, for rates that share hardly a divisor, rows are made again when they are needed. */
const KEPT_WEIGHTS = 2 ** 21;
/** Zero crossings on each side; 64 are more than any resampler takes. */
const MAXIMUM_WIDTH = 1000;
/** Samples that a result may have: four hours and a half at 16 kHz. */
const MAXIMUM_SAMPLES = 2 ** 28;

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
 * @throws CrossmodalError when a rate is not a whole number from 1 to 10,000,000, a sample is not finite, or the result would be too
 *   large
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
    ...others
  }: ResampleOptions,
): Float32Array {
  assertKnownOptions('resample', others, ['from', 'to', 'method', 'width', 'rolloff']);

  requireSampleRate('resample: from', from);
  requireSampleRate('resample: to', to);
  if (!(width > 0 && width <= MAXIMUM_WIDTH)) {
    throw new CrossmodalError(`resample: width must be above 0 and at most ${MAXIMUM_WIDTH}, got ${width}`);
  }
  if (method !== 'sinc' && method !== 'polyphase') {
    throw new CrossmodalError(`resample: method must be sinc or polyphase, got ${String(method)}`);
  }
  if (!(rolloff > 0 && rolloff <= 1)) throw new CrossmodalError(`resample: rolloff must be in (0, 1], got ${rolloff}`);
  requireFinite('resample', samples, '');
  if (from === to) return Float32Array.from(samples);
  const length = Math.ceil((samples.length / from) * to);
  if (length > MAXIMUM_SAMPLES) {
    throw new CrossmodalError(
      `resample: ${samples.length} samples at ${from} Hz would become ${length} at ${to} Hz, more than ${MAXIMUM_SAMPLES}`,
      { remedy: 'check the rate that the recording says, or cut it into pieces' },
    );
  }
  const divisor = greatestCommonDivisor(from, to);
  const [down, up] = [from / divisor, to / divisor];
  const key = [up, down, method, width, rolloff].join();
  let filter = cache.get(key);
  if (!filter) {
    filter = method === 'sinc' ? sincFilter(up, down, width, rolloff) : polyphaseFilter(up, down);
    if (cache.size >= 16) cache.clear();
    cache.set(key, filter);
  }
  return apply(samples, filter);
}

function apply(samples: Samples, filter: Filter): Float32Array {
  const { up, down, rows } = filter;
  const length = samples.length;
  const out = new Float32Array(Math.ceil((up * length) / down));
  for (let m = 0; m < out.length; m++) {
    const phase = m % up;
    let row = rows.get(phase);
    if (!row) {
      row = filter.row(phase);
      if ((rows.size + 1) * row.weights.length <= KEPT_WEIGHTS) rows.set(phase, row);
    }
    const { weights } = row;
    const start = Math.floor(m / up) * down + row.start;
    const last = Math.min(weights.length, length - start);
    let sum = 0;
    for (let k = Math.max(0, -start); k < last; k++) sum += weights[k]! * samples[start + k]!;
    out[m] = sum;
  }
  return out;
}

function sincFilter(up: number, down: number, width: number, rolloff: number): Filter {
  const base = Math.min(up, down) * rolloff;
  const reach = (width * down) / base; // in input samples
  const row = (phase: number): Row => {
    const centre = (phase * down) / up;
    const start = Math.floor(centre - reach);
    const weights = new Float64Array(Math.ceil(centre + reach) - start + 1);
    for (let i = 0; i < weights.length; i++) {
      const t = base * ((start + i) / down - phase / up);
      // At and beyond the last zero crossing the window is zero.
      if (Math.abs(t) >= width) continue;
      weights[i] = (sinc(t) * Math.cos((Math.PI * t) / (2 * width)) ** 2 * base) / down;
    }
    return { start, weights };
  };
  return { up, down, rows: new Map(), row };
}

function polyphaseFilter(up: number, down: number): Filter {
  const largest = Math.max(up, down);
  const half = 10 * largest;
  const gain = up / sumOfTaps(largest);
  // y_m = sum_k h[half + m down - k up] x_k; for m = q up + j the distance is counted from k = q down.
  const row = (phase: number): Row => {
    const start = Math.ceil((phase * down - half) / up);
    const weights = new Float64Array(Math.floor((phase * down + half) / up) - start + 1);
    for (let i = 0; i < weights.length; i++) weights[i] = tap(phase * down - (start + i) * up, largest) * gain;
    return { start, weights };
  };
  return { up, down, rows: new Map(), row };
}

/** beta of the Kaiser window, as in scipy, and the window's value before it is divided by itself. */
const KAISER = 5;
const PEAK = besselI0(KAISER);

/** The low-pass filter at a distance from its centre: a sinc under a Kaiser window of ten zero crossings. */
function tap(distance: number, largest: number): number {
  const x = distance / (10 * largest);
  return (sinc(distance / largest) * besselI0(KAISER * Math.sqrt(Math.max(0, 1 - x * x)))) / PEAK;
}

/**
 * The sum of all taps. It grows in proportion to their number, up to an error that falls with its square: beyond 2^14 per zero crossing
 * that is 1e-10, and the sum of fewer taps stands for it.
 */
function sumOfTaps(largest: number): number {
  const measured = Math.min(largest, 2 ** 14);
  let sum = 0;
  for (let i = -10 * measured; i <= 10 * measured; i++) sum += tap(i, measured);
  return (sum * largest) / measured;
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
