import type { Settings } from '../../presets.js';
import type { ClassifierSettings } from './classifiers.js';

export const classifierSettings: Settings<ClassifierSettings & { limit: number }> = {
  quick: {
    size: 32,
    channels: [16, 32, 64],
    dimension: 64,
    steps: 300,
    batchSize: 64,
    limit: Number.POSITIVE_INFINITY,
  },
  smoke: { size: 16, channels: [4, 8], dimension: 8, steps: 3, batchSize: 8, limit: 48 },
};
