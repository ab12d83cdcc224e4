import { CrossmodalError } from '../errors.js';
import { classLabels, finiteRows, type NumberRows, type Numbers, sameLength } from './inputs.js';

/** Counts of (class, cluster) pairs, with margins. */
interface Contingency {
  total: number;
  cells: number[];
  rows: number[];
  columns: number[];
}

function contingency(where: string, labels: Numbers, clusters: Numbers): Contingency {
  const a = classLabels(where, 'labels', labels);
  const b = classLabels(where, 'clusters', clusters);
  sameLength(where, a, b);
  const cells = new Map<string, number>();
  const rows = new Map<number, number>();
  const columns = new Map<number, number>();
  const count = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1);
  for (let i = 0; i < a.length; i++) {
    count(cells, `${a[i]} ${b[i]}`);
    count(rows, a[i] as number);
    count(columns, b[i] as number);
  }
  return { total: a.length, cells: [...cells.values()], rows: [...rows.values()], columns: [...columns.values()] };
}

/** Entropy in nats of a distribution given by counts. */
function entropy(counts: number[], total: number): number {
  return -counts.reduce((sum, count) => sum + (count / total) * Math.log(count / total), 0);
}

export interface ClusterAgreement {
  /** I(labels; clusters) over the arithmetic mean of both entropies; 1 when both have one group only. */
  normalizedMutualInformation: number;
  /** Rand index corrected for chance: 0 for random clusters, 1 for equal ones. */
  adjustedRandIndex: number;
  /** 1 - H(labels | clusters) / H(labels): each cluster holds one class only. */
  homogeneity: number;
  /** 1 - H(clusters | labels) / H(clusters): each class lies in one cluster. */
  completeness: number;
}

/**
 * How far clusters agree with known classes, whatever the clusters are called.
 *
 * @param labels class numbers, [n]
 * @param clusters cluster numbers, [n]
 * @throws CrossmodalError if lengths differ or a value is not a whole number >= 0.
 * @see Rosenberg and Hirschberg (2007), V-measure; Hubert and Arabie (1985), Comparing partitions, eq. 5
 * @example clusterAgreement([0, 0, 1, 1], [5, 5, 2, 2]).adjustedRandIndex; // 1
 */
export function clusterAgreement(labels: Numbers, clusters: Numbers): ClusterAgreement {
  const { total, cells, rows, columns } = contingency('clusterAgreement', labels, clusters);
  const labelEntropy = entropy(rows, total);
  const clusterEntropy = entropy(columns, total);
  const information = Math.max(0, labelEntropy + clusterEntropy - entropy(cells, total));
  const share = (whole: number) => (whole > 0 ? information / whole : 1);

  const pairs = (counts: number[]) => counts.reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  const both = pairs(cells);
  const all = (total * (total - 1)) / 2;
  const expected = all > 0 ? (pairs(rows) * pairs(columns)) / all : 0;
  const largest = (pairs(rows) + pairs(columns)) / 2;
  return {
    normalizedMutualInformation: share((labelEntropy + clusterEntropy) / 2),
    adjustedRandIndex: largest === expected ? 1 : (both - expected) / (largest - expected),
    homogeneity: share(labelEntropy),
    completeness: share(clusterEntropy),
  };
}

/**
 * Mean silhouette with Euclidean distance: mean_i (b_i - a_i) / max(a_i, b_i), with a_i the mean distance to the rest of
 * the own cluster and b_i the smallest mean distance to another one; 0 for the only member of a cluster.
 *
 * @param points [n, dimensions]
 * @param clusters cluster numbers, [n]
 * @throws CrossmodalError if there are not at least two clusters, or the arguments do not fit together.
 * @see Rousseeuw (1987), Silhouettes, section 2
 * @example silhouette([[0], [0.1], [9], [9.1]], [0, 0, 1, 1]); // about 0.99
 */
export function silhouette(points: NumberRows, clusters: Numbers): number {
  const rows = finiteRows('silhouette', 'points', points);
  const ids = Array.from(classLabels('silhouette', 'clusters', clusters));
  sameLength('silhouette', rows, ids);
  const names = [...new Set(ids)];
  if (names.length < 2) throw new CrossmodalError(`silhouette: needs at least two clusters, got ${names.length}`);
  const cluster = ids.map((id) => names.indexOf(id));
  const sizes = names.map((name) => ids.filter((id) => id === name).length);

  let total = 0;
  rows.forEach((row, i) => {
    const sums = new Float64Array(names.length);
    rows.forEach((other, j) => {
      let square = 0;
      for (let d = 0; d < row.length; d++) square += ((row[d] as number) - (other[d] as number)) ** 2;
      const own = cluster[j] as number;
      sums[own] = (sums[own] ?? 0) + Math.sqrt(square);
    });
    const home = cluster[i] as number;
    if (sizes[home] === 1) return;
    const inside = (sums[home] as number) / ((sizes[home] as number) - 1);
    let outside = Number.POSITIVE_INFINITY;
    for (let c = 0; c < names.length; c++) {
      if (c !== home) outside = Math.min(outside, (sums[c] as number) / (sizes[c] as number));
    }
    const larger = Math.max(inside, outside);
    total += larger > 0 ? (outside - inside) / larger : 0;
  });
  return total / rows.length;
}
