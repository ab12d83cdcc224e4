import { type DomainAdapter, dan, dann, sourceOnly } from '@crossmodal/adaptation';
import { dannAnnealing } from '@crossmodal/core/schedules';
import type { Classifier } from '../domain-adaptation/classifiers.js';
import { acrossStyles } from './across-styles.js';

interface Common {
  features: Classifier['encoder'];
  classes: number;
  hidden: readonly number[];
  seed: number;
}

/** What is done about a style that has no labels, or that was never seen. `styles`: how many the source has. */
export const methods = {
  'source only': (common: Common) => sourceOnly(common),
  'generalised (CORAL across the others)': (common: Common, { styles }: { styles: number }) =>
    acrossStyles({ ...common, styles }),
  'adapted by DANN with confusion': (common: Common, { steps }: { steps: number }) => {
    const strength = dannAnnealing({ steps });
    return dann({ ...common, domainHidden: [64], lambda: strength, confusion: strength });
  },
  'adapted by MMD': (common: Common, { steps }: { steps: number }) =>
    dan({ ...common, weight: dannAnnealing({ steps }) }),
} as const satisfies Record<string, (common: Common, size: { steps: number; styles: number }) => DomainAdapter>;

/** The name of a method. */
export type Method = keyof typeof methods;
