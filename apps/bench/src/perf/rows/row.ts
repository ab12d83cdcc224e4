import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import type { PretrainedFolder } from './pretrained-folder.js';

/** What it cost to read a model from its folder. */
export interface Loading {
  seconds: number;
  /** By how much the peak of the process lies above what it held before, in MB. */
  peakMb: number;
  /** Size of the file of the weights in MB. */
  weightsMb: number;
}

/** What is timed: a training step (forward, backward and Adam), or a forward pass. */
export interface Workload {
  /** Runs one step on `inputs` and returns the loss. Pure tensor code: it is compiled where the device can. */
  step(...inputs: Tensor[]): Scalar;
  /** The same batch is used for every step, here and in PyTorch. */
  inputs: Tensor[];
  /** What the step trains, to count parameters. */
  variables: Variable[];
  /** Where the model comes from a folder. */
  loading?: Loading;
}

/** A row of the table: a model, a batch size, and the arithmetic that one step needs. */
export interface Row {
  readonly id: string;
  readonly title: string;
  readonly batch: number;
  /** Floating-point operations of the forward products and convolutions for one item, two per multiply-add; a step counts three times that. */
  readonly forwardFlops: number;
  /** Only the forward pass is timed, as at evaluation. */
  readonly inference?: boolean;
  /** What the model is loaded from, here and in PyTorch. */
  readonly folder?: PretrainedFolder;
  /** @param folder where that folder lies */
  build(batch: number, folder?: string): Workload | Promise<Workload>;
}

/** Two per multiply-add of a 2-D convolution. */
export const convolutionFlops = (
  outHeight: number,
  outWidth: number,
  kernel: number,
  from: number,
  to: number,
): number => 2 * outHeight * outWidth * kernel * kernel * from * to;

/** Two per multiply-add of a chain of dense layers. */
export const denseFlops = (...widths: number[]): number =>
  widths.slice(1).reduce((sum, width, i) => sum + 2 * width * (widths[i] as number), 0);
