import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expectNoLeak } from '@crossmodal/testkit';
import { describe, expect, it } from 'vitest';
import { Random } from '../../src/index.js';
import {
  accuracy,
  averagePrecision,
  bootstrapInterval,
  classScores,
  clusterAgreement,
  cohenKappa,
  confusionMatrix,
  expectedCalibrationError,
  formatMeanAndDeviation,
  logLoss,
  matthewsCorrelation,
  meanAndDeviation,
  overSeeds,
  pairedTTest,
  percentile,
  precisionRecallF1,
  rocAuc,
  rocAucOneVersusRest,
  runningMean,
  silhouette,
  streamingClassification,
  topKAccuracy,
  wilcoxonSignedRank,
} from '../../src/metrics/index.js';

describe('naive loops', () => {
  const random = new Random('metrics');
  const n = 80;
  const labels = Array.from({ length: n }, () => random.integer(2));
  // One decimal place, so that many scores are equal.
  const scores = labels.map((label) => Math.round(10 * (label + random.normal())) / 10);

  it('rocAuc is the share of pairs ranked rightly, ties one half', () => {
    let pairs = 0;
    let right = 0;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        if (labels[i] !== 1 || labels[j] !== 0) continue;
        pairs++;
        right += (scores[i] as number) > (scores[j] as number) ? 1 : scores[i] === scores[j] ? 0.5 : 0;
      }
    }
    expect(rocAuc(scores, labels)).toBeAllclose(right / pairs, { rtol: 1e-12, atol: 0 });
  });

  it('the exact Wilcoxon p value counts all sign patterns', () => {
    const a = [3, 1, 4, 1, 5, 9, 2, 6];
    const b = [2, 7, 1, 8, 2, 8, 1, 8];
    const d = a.map((value, i) => value - (b[i] as number));
    const sizes = d.map(Math.abs);
    const rank = (value: number) => {
      const below = sizes.filter((other) => other < value).length;
      return below + (sizes.filter((other) => other === value).length + 1) / 2;
    };
    const ranks = sizes.map(rank);
    const positive = ranks.reduce((sum, r, i) => sum + ((d[i] as number) > 0 ? r : 0), 0);
    const whole = ranks.reduce((x, y) => x + y, 0);
    const observed = Math.min(positive, whole - positive);
    let extreme = 0;
    for (let signs = 0; signs < 2 ** d.length; signs++) {
      const sum = ranks.reduce((total, r, i) => total + (signs & (1 << i) ? r : 0), 0);
      if (sum <= observed) extreme++;
    }
    const result = wilcoxonSignedRank(a, b);
    expect(result.statistic).toBe(observed);
    expect(result.pValue).toBeAllclose(Math.min(1, (2 * extreme) / 2 ** d.length), { rtol: 1e-12, atol: 0 });
  });

  it('the two-sided p of t with one and two degrees of freedom has a closed form', () => {
    // d = (x, y): t = (x + y) / |x - y|, p = 1 - 2/pi atan(t)
    const one = pairedTTest([3, 1], [0, 0]);
    expect(one.statistic).toBeAllclose(2);
    expect(one.pValue).toBeAllclose(1 - (2 / Math.PI) * Math.atan(2), { rtol: 1e-10, atol: 0 });
    const two = pairedTTest([1, 2, 3], [0, 0, 0]);
    const t = two.statistic;
    expect(two.pValue).toBeAllclose(1 - t / Math.sqrt(2 + t * t), { rtol: 1e-10, atol: 0 });
  });
});

describe('known values', () => {
  it('a class that is never predicted has precision 0, not NaN', () => {
    expect(
      classScores([
        [2, 0],
        [1, 0],
      ]),
    ).toEqual([
      { precision: 2 / 3, recall: 1, f1: 0.8, support: 2 },
      { precision: 0, recall: 0, f1: 0, support: 1 },
    ]);
    expect(precisionRecallF1([0, 0, 0], [0, 0, 1]).f1).toBeAllclose(0.4);
  });

  it('agreement at chance is 0, perfect is 1', () => {
    expect(
      cohenKappa([
        [1, 1],
        [1, 1],
      ]),
    ).toBe(0);
    expect(cohenKappa([[4]])).toBe(0);
    expect(
      matthewsCorrelation([
        [0, 3],
        [3, 0],
      ]),
    ).toBe(-1);
    expect(
      matthewsCorrelation([
        [3, 3],
        [0, 0],
      ]),
    ).toBe(0);
    expect(clusterAgreement([0, 0, 1, 1], [7, 7, 3, 3])).toEqual({
      normalizedMutualInformation: 1,
      adjustedRandIndex: 1,
      homogeneity: 1,
      completeness: 1,
    });
    expect(clusterAgreement([0, 0, 0], [1, 1, 1]).adjustedRandIndex).toBe(1);
    // One cluster for everything: complete, but not homogeneous.
    const lump = clusterAgreement([0, 0, 1, 1], [0, 0, 0, 0]);
    expect([lump.homogeneity, lump.completeness, lump.adjustedRandIndex]).toEqual([0, 1, 0]);
  });

  it('calibration bins are open below and closed above', () => {
    // 0.7 * 10 rounds to just above 7: it must still fall into (0.6, 0.7], with the other one.
    const rows = [
      [0.7, 0.3],
      [0.65, 0.35],
    ];
    expect(expectedCalibrationError(rows, [0, 1], { bins: 10 })).toBeAllclose(Math.abs(1 - 1.35) / 2, { rtol: 1e-12 });
    expect(expectedCalibrationError([[1, 0]], [0])).toBe(0);
    expect(expectedCalibrationError([[1, 0]], [1])).toBe(1);
  });

  it('a certain mistake has a large but finite loss', () => {
    expect(logLoss([[1, 0]], [1])).toBeAllclose(-Math.log(2.220446049250313e-16));
    expect(logLoss([[2e-5, 2e-5]], [1])).toBeAllclose(Math.LN2);
  });

  it('equal scores: the lower class comes first', () => {
    expect(topKAccuracy([[1, 1, 1]], [1], { k: 1 })).toBe(0);
    expect(topKAccuracy([[1, 1, 1]], [1], { k: 2 })).toBe(1);
  });

  it('mean and deviation over seeds', () => {
    expect(meanAndDeviation([2, 4, 4, 4, 5, 5, 7, 9])).toEqual({ mean: 5, deviation: Math.sqrt(32 / 7), count: 8 });
    expect(meanAndDeviation([3])).toEqual({ mean: 3, deviation: 0, count: 1 });
    expect(formatMeanAndDeviation(meanAndDeviation([0.5, 0.7]))).toBe('0.600 ± 0.141');
    expect(formatMeanAndDeviation(meanAndDeviation([0.5]), { digits: 1 })).toBe('0.5');
    expect(overSeeds([{ f1: 1 }, { f1: 3 }])).toEqual({ f1: meanAndDeviation([1, 3]) });
    expect(() => overSeeds([{ f1: 1 }, { accuracy: 1 }])).toThrow(/run 1 has no score "f1"/);
  });

  it('percentiles interpolate; a bootstrap interval is seeded and covers the mean', () => {
    expect(percentile([10, 0, 20], 0.75)).toBe(15);
    const values = Float64Array.from({ length: 50 }, (_, i) => Math.sin(i));
    const first = bootstrapInterval(values, { seed: 3 });
    expect(bootstrapInterval(values, { seed: 3 })).toEqual(first);
    expect(bootstrapInterval(values, { seed: 4 })).not.toEqual(first);
    const { mean } = meanAndDeviation(values);
    expect(first.low).toBeLessThan(mean);
    expect(first.high).toBeGreaterThan(mean);
  });

  it('silhouette of two far pairs', () => {
    const near = 1;
    const far = (10 + 11) / 2;
    const farther = (9 + 10) / 2;
    const expected = (2 * ((far - near) / far) + 2 * ((farther - near) / farther)) / 4;
    expect(silhouette([[0], [1], [10], [11]], [0, 0, 1, 1])).toBeAllclose(expected);
  });

  it('running means are weighted', () => {
    const mean = runningMean();
    mean.update({ loss: 1, kl: 5 }, 3);
    mean.update({ loss: 5 }, 1);
    expect(mean.result()).toEqual({ loss: 2, kl: 5 });
    mean.reset();
    expect(mean.result()).toEqual({});
  });
});

describe('tensors', () => {
  it('are read and left alone', async () => {
    const probabilities = tf.tensor2d([0.9, 0.1, 0.2, 0.8], [2, 2]);
    const labels = tf.tensor1d([0, 1], 'int32');
    expect(accuracy(labels, labels)).toBe(1);
    expect(rocAucOneVersusRest(probabilities, labels)).toBe(1);
    await expectNoLeak(async () => {
      const scores = streamingClassification({ classes: 2 });
      await scores.update(probabilities, labels);
      expect(scores.summary().accuracy).toBe(1);
      return [];
    });
    tf.dispose([probabilities, labels]);
  });
});

describe('bad input', () => {
  it.each<[string, () => unknown, RegExp]>([
    ['lengths', () => accuracy([0, 1], [0]), /equal length, got 2 and 1/],
    ['nothing', () => accuracy([], []), /at least one number/],
    ['a fraction', () => accuracy([0.5], [0]), /integers.*got 0.5 at index 0/],
    [
      'what JavaScript merges',
      () => clusterAgreement([2 ** 53, 2 ** 53 + 1], [0, 1]),
      /from 0 to 2\^53 - 1, got 9007199254740992/,
    ],
    [
      'what float32 merges',
      () => accuracy(tf.tensor1d([16777216]), [16777217]),
      /below 2\^24.*got 16777216 at index 0/,
    ],
    ['a class out of range', () => confusionMatrix([3], [0], { classes: 3 }), /\[0, 3\), got 3/],
    ['NaN', () => rocAuc([Number.NaN, 1], [0, 1]), /finite numbers, got NaN at index 0/],
    ['one class only', () => rocAuc([1, 2], [1, 1]), /positives and negatives, got 2 positives of 2/],
    ['no positive', () => averagePrecision([1, 2], [0, 0]), /must hold a positive/],
    [
      'an absent class',
      () =>
        rocAucOneVersusRest(
          [
            [1, 0, 0],
            [0, 1, 0],
          ],
          [0, 1],
        ),
      /class 2 does not; pass \{ absent: 'skip' \}/,
    ],
    ['logits', () => expectedCalibrationError([[3, -1]], [0]), /in \[0, 1\], got 3 .*softmax/],
    ['ragged rows', () => logLoss([[1, 0], [1]], [0, 0]), /row 1 has 1/],
    ['k too large', () => topKAccuracy([[1, 0]], [0], { k: 3 }), /from 1 to 2, got 3/],
    ['a matrix that is not square', () => cohenKappa([[1, 2]]), /square/],
    ['an empty matrix', () => matthewsCorrelation([[0]]), /at least one item/],
    ['equal differences', () => pairedTTest([2, 3], [1, 2]), /must vary/],
    ['zero differences', () => wilcoxonSignedRank([1], [1]), /not zero, got 0/],
    ['one cluster', () => silhouette([[0], [1]], [0, 0]), /two clusters/],
    ['a share', () => percentile([1], 1.5), /\[0, 1\], got 1.5/],
    [
      'a foreign average',
      () => precisionRecallF1([0], [0], { average: 'mean' as 'macro' }),
      /macro, micro or weighted/,
    ],
    ['a weight', () => runningMean().update({ a: 1 }, -1), /weight/],
    ['nothing streamed', () => streamingClassification({ classes: 2 }).summary(), /nothing was added/],
  ])('%s', (_, run, message) => {
    expect(run).toThrow(message);
  });

  it('a streamed batch that does not fit is refused whole', async () => {
    const scores = streamingClassification({ classes: 3 });
    await expect(scores.update([[1, 0]], [0])).rejects.toThrow(/3 columns, got 2/);
    await expect(
      scores.update(
        [
          [1, 0, 0],
          [1, 0, 0],
        ],
        [0, 5],
      ),
    ).rejects.toThrow(/\[0, 3\)/);
    expect(() => scores.summary()).toThrow(/nothing was added/);
  });
});
