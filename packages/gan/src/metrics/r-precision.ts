import { assertKnownOptions, CrossmodalError, Random, requireInteger } from '@crossmodal/core';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import { featurePair } from './feature-rows.js';

export interface RPrecision {
  /** Share of generated samples whose own condition ranks first among the candidates. */
  precision: number;
  /** What guessing gives: 1 / candidates. */
  chance: number;
  candidates: number;
}

/**
 * R-precision of generated samples against their conditions: each sample, embedded by a retrieval model that took no
 * part in training the generator, is compared with its own text and `candidates - 1` random other texts; the score is
 * how often its own comes first by cosine similarity. A tie counts against the sample.
 *
 * @param generated [rows, dimension], embeddings of the generated samples
 * @param conditions [rows, dimension], embeddings of the texts they were made from, row by row
 * @param options.candidates texts per sample, its own included
 * @param options.labels what each condition says: rows with equal labels are never each other's distractors
 * @param options.seed draws the distractors
 * @throws CrossmodalError for unequal shapes, or when fewer distractors exist than are asked for
 * @see Xu et al., AttnGAN (2018), section 4
 * @example
 * const { precision, chance } = await rPrecision(imageEmbeddings, textEmbeddings, { candidates: 10 });
 */
export async function rPrecision(
  generated: Tensor2D,
  conditions: Tensor2D,
  {
    candidates = 100, // AttnGAN
    labels,
    seed = 0,
    ...others
  }: {
    /** @default 100 */
    candidates?: number;
    labels?: readonly unknown[];
    /** @default 0 */

    seed?: number | string;
  } = {},
): Promise<RPrecision> {
  assertKnownOptions('rPrecision', others, ['candidates', 'labels', 'seed']);
  const [x, y] = await featurePair('rPrecision', ['generated', generated], ['conditions', conditions]);
  if (x.rows !== y.rows || (labels && labels.length !== x.rows)) {
    throw new CrossmodalError(
      `rPrecision: generated, conditions and labels must have equally many rows, got ${x.rows}, ${y.rows} and ${labels?.length}`,
    );
  }
  requireInteger('rPrecision: candidates', candidates, 2);
  const unit = (rows: number[][]) =>
    rows.map((row) => {
      const norm = Math.hypot(...row) || 1;
      return row.map((v) => v / norm);
    });
  const images = unit(x.to2DArray());
  const texts = unit(y.to2DArray());
  const similarity = (i: number, j: number) =>
    (images[i] as number[]).reduce((sum, v, d) => sum + v * ((texts[j] as number[])[d] as number), 0);
  const random = new Random(seed);
  let hits = 0;
  for (let i = 0; i < x.rows; i++) {
    const others: number[] = [];
    for (let j = 0; j < x.rows; j++) if (j !== i && (!labels || labels[j] !== labels[i])) others.push(j);
    if (others.length < candidates - 1) {
      throw new CrossmodalError(
        `rPrecision: row ${i} needs ${candidates - 1} other conditions to be compared with, there are ${others.length}`,
        { remedy: 'ask for fewer candidates or pass more rows' },
      );
    }
    const own = similarity(i, i);
    if (
      random
        .shuffle(others)
        .slice(0, candidates - 1)
        .every((j) => similarity(i, j) < own)
    )
      hits++;
  }
  return { precision: hits / x.rows, chance: 1 / candidates, candidates };
}
