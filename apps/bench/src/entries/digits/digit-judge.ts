import type { Image } from '@crossmodal/encoders-vision';
import type { Followed } from '../entry.js';
import { type PictureJudge, type PictureJudgeSettings, pictureJudge } from '../shared/picture-judge.js';

/** A classifier of digits that saw real pictures only. */
export type DigitJudge = PictureJudge;

export type DigitJudgeSettings = PictureJudgeSettings;

/** Trains the judge on labelled pictures [size, size, 1]. */
export function digitJudge(
  pictureOf: (index: number) => Image,
  labels: ArrayLike<number>,
  settings: DigitJudgeSettings,
  options: { seed: number; follow: Followed },
): Promise<DigitJudge> {
  return pictureJudge(pictureOf, labels, settings, { classes: 10, ...options });
}
