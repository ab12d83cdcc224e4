/** A row-major matrix of doubles. */
export interface Dense {
  data: Float64Array;
  rows: number;
  columns: number;
}

/** Lets timers and requests have their turn when long work has lasted some milliseconds. */
export class Breather {
  #last = performance.now();

  async pause(): Promise<void> {
    if (performance.now() - this.#last < 15) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#last = performance.now();
  }
}

/** Columns of a panel, and rows of a block of `timesTransposed`: 128 KB of doubles, which the cache of a core holds. */
const [panel, block] = [256, 64];

/**
 * a b^T, in tiles of 4 x 4 sums that stay in registers, over panels that stay in the cache.
 *
 * @param a [m, k]
 * @param b [n, k]; the same object as `a` for a Gram matrix, of which half is computed
 * @returns [m, n]
 */
export async function timesTransposed(a: Dense, b: Dense, breather: Breather): Promise<Dense> {
  const [m, n, k] = [a.rows, b.rows, a.columns];
  const out = new Float64Array(m * n);
  for (let from = 0; from < k; from += panel) {
    const to = Math.min(k, from + panel);
    for (let first = 0; first < n; first += block) {
      const end = Math.min(n, first + block);
      for (let i = 0; i < (a === b ? end : m); i += 4) {
        for (let j = a === b ? Math.max(i, first) : first; j < end; j += 4) {
          tile(a.data, b.data, { k, from, to }, out, n, i, Math.min(4, m - i), j, Math.min(4, n - j));
        }
      }
      await breather.pause();
    }
  }
  if (a === b) for (let i = 0; i < m; i++) for (let j = 0; j < i; j++) out[i * n + j] = out[j * n + i] as number;
  return { data: out, rows: m, columns: n };
}

/** Adds what the columns from `from` to before `to` give. */
function tile(
  a: Float64Array,
  b: Float64Array,
  { k, from, to }: { k: number; from: number; to: number },
  out: Float64Array,
  n: number,
  i: number,
  height: number,
  j: number,
  width: number,
): void {
  if (height < 4 || width < 4) {
    for (let y = i; y < i + height; y++) {
      for (let x = j; x < j + width; x++) {
        let sum = 0;
        for (let p = from; p < to; p++) sum += a[y * k + p]! * b[x * k + p]!;
        out[y * n + x]! += sum;
      }
    }
    return;
  }
  const [a0, a1, a2, a3] = [i * k, (i + 1) * k, (i + 2) * k, (i + 3) * k];
  const [b0, b1, b2, b3] = [j * k, (j + 1) * k, (j + 2) * k, (j + 3) * k];
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [s20, s21, s22, s23, s30, s31, s32, s33] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let p = from; p < to; p++) {
    const [x0, x1, x2, x3] = [a[a0 + p]!, a[a1 + p]!, a[a2 + p]!, a[a3 + p]!];
    const [y0, y1, y2, y3] = [b[b0 + p]!, b[b1 + p]!, b[b2 + p]!, b[b3 + p]!];
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  add4(out, i * n + j, s00, s01, s02, s03);
  add4(out, (i + 1) * n + j, s10, s11, s12, s13);
  add4(out, (i + 2) * n + j, s20, s21, s22, s23);
  add4(out, (i + 3) * n + j, s30, s31, s32, s33);
}

function add4(out: Float64Array, at: number, s0: number, s1: number, s2: number, s3: number): void {
  out[at]! += s0;
  out[at + 1]! += s1;
  out[at + 2]! += s2;
  out[at + 3]! += s3;
}

export function transposed({ data, rows, columns }: Dense): Dense {
  const out = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j]!;
  return { data: out, rows: columns, columns: rows };
}

/**
 * The factor R = L^T with c = L L^T of a positive semidefinite matrix. A pivot that is rounding beside the largest variance counts as 0, and
 * so does its row.
 *
 * Rows are taken in strips: what a strip takes from the rest is taken at once, tile by tile, so that the rest is walked through once per strip.
 *
 * @see Golub and Van Loan (2013), Matrix Computations, section 4.2 (outer product Cholesky, and its form in blocks)
 */
export async function choleskyFactor({ data, rows: n }: Dense, breather: Breather): Promise<Dense> {
  const r = data.slice();
  let largest = 0;
  for (let i = 0; i < n; i++) largest = Math.max(largest, r[i * n + i]!);
  const floor = n * Number.EPSILON * largest;
  for (let first = 0; first < n; first += block) {
    const end = Math.min(n, first + block);
    for (let p = first; p < end; p++) {
      const pivot = r[p * n + p]!;
      const row = r.subarray(p * n, (p + 1) * n);
      row.fill(0, 0, p);
      if (!(pivot > floor)) {
        row.fill(0);
        continue;
      }
      const root = Math.sqrt(pivot);
      for (let j = p; j < n; j++) row[j]! /= root;
      for (let i = p + 1; i < end; i++) {
        const factor = row[i]!;
        const at = i * n;
        for (let j = i; j < n; j++) r[at + j]! -= factor * row[j]!;
      }
    }
    for (let i = end; i < n; i += 4) {
      for (let j = i; j < n; j += 4) subtractStrip(r, n, { first, end }, i, j);
      await breather.pause();
    }
  }
  return { data: r, rows: n, columns: n };
}

/** Takes the products of columns i and j of the strip's rows from the tile at row i, column j; below the diagonal nothing is read. */
function subtractStrip(
  r: Float64Array,
  n: number,
  { first, end }: { first: number; end: number },
  i: number,
  j: number,
): void {
  if (Math.max(i, j) + 4 > n) {
    for (let y = i; y < Math.min(n, i + 4); y++) {
      for (let x = j; x < Math.min(n, j + 4); x++) {
        let sum = 0;
        for (let at = first * n; at < end * n; at += n) sum += r[at + y]! * r[at + x]!;
        r[y * n + x]! -= sum;
      }
    }
    return;
  }
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [s20, s21, s22, s23, s30, s31, s32, s33] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let at = first * n; at < end * n; at += n) {
    const [x0, x1, x2, x3] = [r[at + i]!, r[at + i + 1]!, r[at + i + 2]!, r[at + i + 3]!];
    const [y0, y1, y2, y3] = [r[at + j]!, r[at + j + 1]!, r[at + j + 2]!, r[at + j + 3]!];
    s00 -= x0 * y0;
    s01 -= x0 * y1;
    s02 -= x0 * y2;
    s03 -= x0 * y3;
    s10 -= x1 * y0;
    s11 -= x1 * y1;
    s12 -= x1 * y2;
    s13 -= x1 * y3;
    s20 -= x2 * y0;
    s21 -= x2 * y1;
    s22 -= x2 * y2;
    s23 -= x2 * y3;
    s30 -= x3 * y0;
    s31 -= x3 * y1;
    s32 -= x3 * y2;
    s33 -= x3 * y3;
  }
  add4(r, i * n + j, s00, s01, s02, s03);
  add4(r, (i + 1) * n + j, s10, s11, s12, s13);
  add4(r, (i + 2) * n + j, s20, s21, s22, s23);
  add4(r, (i + 3) * n + j, s30, s31, s32, s33);
}

/**
 * The eigenvalues of a symmetric matrix, in no order: Householder reflections to three diagonals, then QL steps with implicit shifts.
 *
 * @see Golub and Van Loan (2013), sections 8.3.1 and 8.3.3
 */
export async function symmetricEigenvalues(matrix: Dense, breather: Breather): Promise<Float64Array> {
  const n = matrix.rows;
  const a = matrix.data.slice();
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const p = new Float64Array(n);
  // From the last row up; row i is reflected onto its neighbour of the diagonal. Only the lower half is read.
  for (let i = n - 1; i > 0; i--) {
    const v = a.subarray(i * n, i * n + i);
    let scale = 0;
    for (let k = 0; k < i - 1; k++) scale = Math.max(scale, Math.abs(v[k]!));
    diagonal[i] = a[i * n + i]!;
    if (scale === 0) {
      beside[i] = v[i - 1]!;
      continue;
    }
    let squares = 0;
    scale = Math.max(scale, Math.abs(v[i - 1]!));
    for (let k = 0; k < i; k++) {
      v[k]! /= scale;
      squares += v[k]! * v[k]!;
    }
    const last = v[i - 1]!;
    const length = last >= 0 ? -Math.sqrt(squares) : Math.sqrt(squares);
    beside[i] = scale * length;
    const h = squares - last * length; // |v|^2 / 2 of the reflection
    v[i - 1] = last - length;
    // p = A v / h, from the lower half: row j gives its dot product, and its part to the rows before.
    p.fill(0, 0, i);
    for (let j = 0; j < i; j++) {
      const row = j * n;
      const vj = v[j]!;
      let sum = 0;
      for (let k = 0; k < j; k++) {
        sum += a[row + k]! * v[k]!;
        p[k]! += a[row + k]! * vj;
      }
      p[j]! += sum + a[row + j]! * vj;
    }
    let product = 0;
    for (let k = 0; k < i; k++) {
      p[k]! /= h;
      product += p[k]! * v[k]!;
    }
    const half = product / (2 * h);
    for (let k = 0; k < i; k++) p[k]! -= half * v[k]!;
    for (let j = 0; j < i; j++) {
      const [row, vj, pj] = [j * n, v[j]!, p[j]!];
      for (let k = 0; k <= j; k++) a[row + k]! -= vj * p[k]! + pj * v[k]!;
    }
    await breather.pause();
  }
  if (n > 0) diagonal[0] = a[0]!;
  await tridiagonalEigenvalues(diagonal, beside, breather);
  return diagonal;
}

/** In place: `diagonal` becomes the eigenvalues; `beside[i]` stands between i - 1 and i. */
async function tridiagonalEigenvalues(diagonal: Float64Array, beside: Float64Array, breather: Breather): Promise<void> {
  const n = diagonal.length;
  const e = new Float64Array(n);
  e.set(beside.subarray(1));
  for (let l = 0; l < n; l++) {
    for (let round = 0; ; round++) {
      let m = l;
      while (m < n - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(diagonal[m]!) + Math.abs(diagonal[m + 1]!))) m++;
      if (m === l || round === 60) break;
      let g = (diagonal[l + 1]! - diagonal[l]!) / (2 * e[l]!);
      let r = Math.hypot(g, 1);
      g = diagonal[m]! - diagonal[l]! + e[l]! / (g + (g >= 0 ? r : -r));
      let [sine, cosine, shift] = [1, 1, 0];
      let i = m - 1;
      for (; i >= l; i--) {
        const f = sine * e[i]!;
        const b = cosine * e[i]!;
        r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          diagonal[i + 1]! -= shift;
          e[m] = 0;
          break;
        }
        sine = f / r;
        cosine = g / r;
        g = diagonal[i + 1]! - shift;
        r = (diagonal[i]! - g) * sine + 2 * cosine * b;
        shift = sine * r;
        diagonal[i + 1] = g + shift;
        g = cosine * r - b;
      }
      if (r === 0 && i >= l) continue;
      diagonal[l]! -= shift;
      e[l] = g;
      e[m] = 0;
    }
    await breather.pause();
  }
}
