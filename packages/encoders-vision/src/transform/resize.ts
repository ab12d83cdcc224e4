import { type Image, requireInteger, scaled } from '../image.js';

/** What resizing interpolates with. */
export type ResizeKernel = 'nearest' | 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

export interface ResizeOptions {
  height: number;
  width: number;
  kernel?: ResizeKernel;
  /** Widens the kernel when shrinking, so that every source pixel counts; without it only for bilinear and bicubic. */
  antialias?: boolean;
  /** Rounds to whole steps of 1/255 after each of the two passes, as PIL does on bytes. */
  eightBit?: boolean;
}

/** For each output place, the first input place and the weights from there on. */
interface Taps {
  starts: Int32Array;
  weights: Float64Array[];
}

/** PIL multiplies bytes with weights in whole steps of 2^-22. */
const precision = 2 ** 22;

const kernels: Record<Exclude<ResizeKernel, 'nearest'>, { support: number; value: (x: number) => number }> = {
  box: { support: 0.5, value: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  hamming: { support: 1, value: (x) => (Math.abs(x) < 1 ? sinc(x) * (0.54 + 0.46 * Math.cos(Math.PI * x)) : 0) },
  bilinear: { support: 1, value: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: { support: 2, value: (x) => cubic(x, -0.5) },
  lanczos: { support: 3, value: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Cubic convolution (Keys, 1981, eq. 15). */
function cubic(x: number, a: number): number {
  const d = Math.abs(x);
  if (d < 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? (((d - 5) * d + 8) * d - 4) * a : 0;
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/**
 * Resizes by separable interpolation: y = sum_i k((i + 1/2 - c) / s) x_i / sum_i k(...), with
 * c = (o + 1/2) in / out for output place o and s = max(1, in / out) (1 without `antialias`). Equal to PIL with `eightBit`,
 * to torch.nn.functional.interpolate without. (Without antialias, torch's bicubic has a = -0.75 instead of -0.5; so has this.)
 *
 * @param image [height, width, channels]
 * @returns [options.height, options.width, channels]; bicubic and lanczos may leave [0, 1] a little unless `eightBit`
 * @throws CrossmodalError when a side is not a positive whole number
 * @see PIL.Image.resize; Keys (1981), "Cubic convolution interpolation for digital image processing"
 * @example
 * const small = resize(image, { height: 32, width: 32 });
 */
export function resize(
  image: Image,
  {
    height,
    width,
    kernel = 'bicubic', // CLIP, SigLIP, DINOv2
    antialias = true, // PIL, torchvision
    eightBit = false,
  }: ResizeOptions,
): Image {
  requireInteger('resize: height', height, 1);
  requireInteger('resize: width', width, 1);
  const columns = taps(image.shape[1], width, kernel, antialias);
  const rows = taps(image.shape[0], height, kernel, antialias);
  if (eightBit) for (const weights of [...columns.weights, ...rows.weights]) quantise(weights);
  // On whole bytes the sums are exact, and halves round as they do in PIL.
  const steps = eightBit ? { ...image, data: scaled(image.data, 255, { rounded: true }) } : image;
  const across = (given: Image) => (given.shape[1] === width ? given : alongWidth(given, width, columns, eightBit));
  const down = (given: Image) => (given.shape[0] === height ? given : alongHeight(given, height, rows, eightBit));
  const out = rowsFirst(image.shape, height, width) ? across(down(steps)) : down(across(steps));
  return eightBit ? { ...out, data: scaled(out.data, 1 / 255) } : out;
}

/** The order of the passes matters where they round: this is PIL's, found by experiment with version 13. */
function rowsFirst([rows, columns]: Image['shape'], height: number, width: number): boolean {
  return rows > height && rows - height > 2 * (columns - width);
}

function taps(from: number, to: number, kernel: ResizeKernel, antialias: boolean): Taps {
  const scale = from / to;
  const starts = new Int32Array(to);
  const weights: Float64Array[] = [];
  for (let o = 0; o < to; o++) {
    const centre = (o + 0.5) * scale;
    if (kernel === 'nearest') {
      starts[o] = Math.min(from - 1, Math.floor(centre));
      weights.push(new Float64Array([1]));
      continue;
    }
    const { support, value } = kernels[kernel];
    if (antialias || (kernel !== 'bilinear' && kernel !== 'bicubic')) {
      const stretch = Math.max(1, scale);
      const first = Math.max(0, Math.trunc(centre - support * stretch + 0.5));
      const last = Math.min(from, Math.trunc(centre + support * stretch + 0.5));
      const row = Float64Array.from({ length: last - first }, (_, i) => value((first + i - centre + 0.5) / stretch));
      const sum = row.reduce((a, b) => a + b, 0);
      starts[o] = first;
      weights.push(row.map((v) => v / sum));
    } else {
      const [first, row] = clamped(from, centre, support, kernel === 'bicubic' ? (x) => cubic(x, -0.75) : value);
      starts[o] = first;
      weights.push(row);
    }
  }
  return { starts, weights };
}

/** Without antialias, places beyond the edge repeat it. */
function clamped(from: number, centre: number, support: number, value: (x: number) => number): [number, Float64Array] {
  // Bilinear interpolation does not look before the first centre; cubic does, and repeats the edge.
  const at = support === 1 ? Math.max(0, centre - 0.5) : centre - 0.5;
  const left = Math.floor(at) - support + 1;
  const clamp = (i: number) => Math.min(from - 1, Math.max(0, i));
  const first = clamp(left);
  const row = new Float64Array(clamp(left + 2 * support - 1) - first + 1);
  for (let i = left; i < left + 2 * support; i++) row[clamp(i) - first]! += value(i - at);
  return [first, row];
}

function alongWidth(
  { data, shape: [height, from, channels] }: Image,
  to: number,
  taps: Taps,
  eightBit: boolean,
): Image {
  const out = new Float32Array(height * to * channels);
  for (let y = 0, o = 0; y < height; y++) {
    for (let x = 0; x < to; x++) {
      const weight = taps.weights[x]!;
      const start = (y * from + taps.starts[x]!) * channels;
      for (let c = 0; c < channels; c++, o++) {
        let sum = 0;
        for (let i = 0; i < weight.length; i++) sum += weight[i]! * data[start + i * channels + c]!;
        out[o] = eightBit ? rounded(sum) : sum;
      }
    }
  }
  return { data: out, shape: [height, to, channels] };
}

function alongHeight({ data, shape: [, width, channels] }: Image, to: number, taps: Taps, eightBit: boolean): Image {
  const line = width * channels;
  const out = new Float32Array(to * line);
  const sums = new Float64Array(line);
  for (let y = 0; y < to; y++) {
    sums.fill(0);
    taps.weights[y]!.forEach((weight, i) => {
      const start = (taps.starts[y]! + i) * line;
      for (let k = 0; k < line; k++) sums[k]! += weight * data[start + k]!;
    });
    for (let k = 0; k < line; k++) out[y * line + k] = eightBit ? rounded(sums[k]!) : sums[k]!;
  }
  return { data: out, shape: [to, width, channels] };
}

function quantise(weights: Float64Array): void {
  for (let i = 0; i < weights.length; i++) {
    const scaled = weights[i]! * precision;
    weights[i] = Math.trunc(scaled + (scaled < 0 ? -0.5 : 0.5)) / precision;
  }
}

function rounded(value: number): number {
  return Math.min(255, Math.max(0, Math.floor(value + 0.5)));
}

/**
 * Height and width after the shorter side became `shortestEdge`, proportions kept; the longer one is cut to a whole number.
 * @see torchvision.transforms.Resize with one number
 */
export function shortestEdgeSize(
  [height, width]: readonly [height: number, width: number],
  shortestEdge: number,
): { height: number; width: number } {
  requireInteger('shortestEdgeSize: shortestEdge', shortestEdge, 1);
  return height <= width
    ? { height: shortestEdge, width: Math.trunc((shortestEdge * width) / height) }
    : { height: Math.trunc((shortestEdge * height) / width), width: shortestEdge };
}
