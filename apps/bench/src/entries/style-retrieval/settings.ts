import type { Settings } from '../../presets.js';
import { type AlignmentSettings, alignmentSettings } from '../alignment/model.js';

/** Those of the suite's dual encoder, and what the adversary needs. */
export interface StyleSettings extends Omit<AlignmentSettings, 'measureEvery'> {
  /** Adam's first moment. */
  beta1: number;
  /** How often embeddings are measured on the way. */
  measurements: number;
}

export const styleSettings: Settings<StyleSettings> = {
  // Half the width and half the steps of the suite's dual encoder: seven trainings with five seeds each.
  quick: { ...alignmentSettings.quick, channels: [16, 32, 64], batchSize: 96, epochs: 10, beta1: 0.5, measurements: 3 },
  smoke: { ...alignmentSettings.smoke, beta1: 0.5, measurements: 1 },
};
