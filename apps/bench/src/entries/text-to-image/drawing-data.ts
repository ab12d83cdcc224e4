import type { Image } from '@crossmodal/encoders-vision';
import type { Tensor2D } from '@tensorflow/tfjs-core';

/** What there is to draw: a name, what is written about it, and the number of its group. */
export interface Subject {
  name: string;
  caption: string;
  group: number;
}

/** Subjects of one side of the split, with their pictures and the text vectors of their captions. */
export interface Subjects {
  items: Subject[];
  images: Image[];
  /** [items, dimension] */
  conditions: Tensor2D;
  /** The text vectors of each way to write the captions, the whole ones first: [ways][items][dimension]. */
  variants: number[][][];
}

/** A classifier of groups that saw real pictures only. */
export interface GroupJudge {
  /** On the real pictures of the test subjects. */
  accuracy: number;
  /** Logits of pictures with values from 0 to 1. */
  scores(images: readonly Image[]): Promise<Tensor2D>;
  dispose?(): void;
}

/** All that the entry needs to know of a collection of pictures with names. */
export interface DrawingSource {
  train: Subjects;
  test: Subjects;
  /** Of the text vectors. */
  dimension: number;
  groups: number;
  classifier: GroupJudge;
}
