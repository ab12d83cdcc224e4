import type { Settings } from '../../presets.js';
import type { ClassifierSettings } from '../domain-adaptation/classifiers.js';
import { classifierSettings } from '../domain-adaptation/settings.js';

/** Those of the domain adaptation of the suite, and how often features are measured on the way. */
export interface StylesSettings extends ClassifierSettings {
  /** At most so many training concepts. */
  limit: number;
  measurements: number;
}

export const stylesSettings: Settings<StylesSettings> = {
  // Smaller and shorter than the domain adaptation of the suite: five trainings for each of four styles.
  quick: { ...classifierSettings.quick, size: 24, steps: 200, measurements: 2 },
  smoke: { ...classifierSettings.smoke, measurements: 1 },
};
