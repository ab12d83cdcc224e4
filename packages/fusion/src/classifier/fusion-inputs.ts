import type { Inputs } from '@crossmodal/core';
import type { Present } from './modality-features.js';

/** Inputs by modality (any may be left out), and in which rows they are real. */
export type FusionInputs<Modality extends string = string> = { [M in Modality]?: Inputs } & {
  present?: Present<Modality> | undefined;
};
