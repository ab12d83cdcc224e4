/** Cases of tfjs-core's own test suite that are not run, each with its reason. `name` matches the full name of cases. */
export interface Exclusion {
  name: RegExp;
  reason: string;
}

export const exclusions: readonly Exclusion[] = [];
