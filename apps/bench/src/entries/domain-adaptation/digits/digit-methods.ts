import {
  type AdapterOptions,
  cdan,
  type DomainAdapter,
  dan,
  dann,
  deepCoral,
  mcc,
  sourceOnly,
} from '@crossmodal/adaptation';
import { dannAnnealing } from '@crossmodal/core/schedules';

type Common = Pick<AdapterOptions, 'features' | 'classes' | 'seed'>;

/** The methods under comparison; what adapts comes in along the schedule of DANN. The second is the recipe of the README. */
export const digitMethods = {
  'source only': (common: Common) => sourceOnly(common),
  'DANN with confusion': (common: Common, steps: number) =>
    dann({ ...common, lambda: dannAnnealing({ steps }), confusion: dannAnnealing({ steps }) }),
  DANN: (common: Common, steps: number) => dann({ ...common, lambda: dannAnnealing({ steps }) }),
  DAN: (common: Common, steps: number) => dan({ ...common, weight: dannAnnealing({ steps }) }),
  'CDAN-E': (common: Common, steps: number) => cdan({ ...common, lambda: dannAnnealing({ steps }) }),
  'Deep CORAL': (common: Common, steps: number) => deepCoral({ ...common, weight: dannAnnealing({ steps }) }),
  MCC: (common: Common, steps: number) => mcc({ ...common, weight: dannAnnealing({ steps }) }),
} as const satisfies Record<string, (common: Common, steps: number) => DomainAdapter>;

/** The name of a method. */
export type DigitMethod = keyof typeof digitMethods;
