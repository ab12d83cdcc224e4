/** Plain numbers and loops, in double precision: what the losses are compared with. */

export type Row = number[];
export type Matrix = Row[];

export const sum = (x: readonly number[]): number => x.reduce((total, value) => total + value, 0);
export const mean = (x: readonly number[]): number => (x.length === 0 ? 0 : sum(x) / x.length);
/** The mean of what is above zero, as pytorch-metric-learning's AvgNonZeroReducer. */
export const meanNonZero = (x: readonly number[]): number => mean(x.filter((value) => value > 0));
export const relu = (x: number): number => Math.max(0, x);
export const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
export const logSumExp = (x: readonly number[]): number => {
  const peak = Math.max(...x);
  return peak === Number.NEGATIVE_INFINITY ? peak : peak + Math.log(sum(x.map((value) => Math.exp(value - peak))));
};
export const logSoftmax = (x: readonly number[]): number[] => x.map((value) => value - logSumExp(x));

export const dot = (a: Row, b: Row): number => sum(a.map((value, i) => value * (b[i] as number)));
export const norm = (a: Row): number => Math.sqrt(dot(a, a));
export const unit = (a: Row): Row => a.map((value) => value / Math.max(norm(a), 1e-12));
export const cosine = (a: Row, b: Row): number => dot(unit(a), unit(b));
export const minus = (a: Row, b: Row): Row => a.map((value, i) => value - (b[i] as number));
export const squared = (a: Row, b: Row): number => dot(minus(a, b), minus(a, b));
export const euclidean = (a: Row, b: Row): number => Math.sqrt(squared(a, b));

export const indices = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
export const at = <T>(x: readonly T[], i: number): T => x[i] as T;
export const table = (a: Matrix, b: Matrix, f: (x: Row, y: Row) => number): Matrix =>
  a.map((x) => b.map((y) => f(x, y)));
export const transpose = (x: Matrix): Matrix => indices(at(x, 0).length).map((j) => x.map((row) => at(row, j)));
/** The labels that the cases give to n rows. */
export const labelsFor = (n: number, classes = 3): number[] => indices(n).map((i) => i % classes);

export const columnMeans = (x: Matrix): Row => transpose(x).map(mean);
export const covariance = (x: Matrix): Matrix => {
  const centred = x.map((row) => minus(row, columnMeans(x)));
  return table(transpose(centred), transpose(centred), dot).map((row) => row.map((v) => v / Math.max(x.length - 1, 1)));
};
