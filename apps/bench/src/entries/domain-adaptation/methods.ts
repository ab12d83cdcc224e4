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
import { CrossmodalError } from '@crossmodal/core';
import { dannAnnealing } from '@crossmodal/core/schedules';

type Common = Pick<AdapterOptions, 'features' | 'classes' | 'seed'>;

/** One way to learn from a labelled and an unlabelled domain. */
export interface Method {
  build(common: Common, steps: number): DomainAdapter;
  /** Looks at the target. */
  adapts: boolean;
  /** Learning rate of the domain classifier, as a share of that of the rest. */
  domainRate?: number;
}

/** The recipe of the README of `@crossmodal/adaptation`. */
export const recipe = 'DANN with confusion';

const along = (build: (common: Common, schedule: ReturnType<typeof dannAnnealing>) => DomainAdapter): Method => ({
  build: (common, steps) => build(common, dannAnnealing({ steps })),
  adapts: true,
});

/** The methods under comparison; what adapts comes in along the schedule of DANN. */
export const methods: Readonly<Record<string, Method>> = {
  'source only': { build: sourceOnly, adapts: false },
  [recipe]: along((common, lambda) => dann({ ...common, lambda })),
  DANN: along((common, lambda) => dann({ ...common, lambda, confusion: 0 })),
  DAN: along((common, weight) => dan({ ...common, weight })),
  'CDAN-E': along((common, lambda) => cdan({ ...common, lambda })),
  'Deep CORAL': along((common, weight) => deepCoral({ ...common, weight })),
  MCC: along((common, weight) => mcc({ ...common, weight })),
};

/** DANN at a share of the full strength, without confusion: what has to be chosen where the target has no labels. */
export const dannOfStrength = (strength: number): Method =>
  along((common, schedule) => dann({ ...common, lambda: (step) => strength * schedule(step), confusion: 0 }));

/** `dann` with no more than it needs: lambda and confusion rise over 2,000 steps, however many are run. */
export const byDefaults = 'dann by its defaults';

/** Variants that run when they are named. */
const variants: Readonly<Record<string, Method>> = {
  [byDefaults]: { build: (common) => dann(common), adapts: true },
  'DANN with confusion, slower domain classifier': { ...methods[recipe]!, domainRate: 0.1 },
};

/** @throws CrossmodalError when there is no such method. */
export function findMethod(name: string): Method {
  const all = { ...methods, ...variants };
  const method = Object.hasOwn(all, name) ? all[name] : undefined;
  if (method) return method;
  throw new CrossmodalError(`bench: unknown method "${name}"; methods are ${Object.keys(all).join('; ')}`);
}
