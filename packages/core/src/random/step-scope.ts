/** The step that is running and, when it takes its batch in parts, which of them. */
export interface StepTime {
  step: number;
  /** From 1; absent for the whole batch. */
  part?: number;
}

/**
 * A training step as seen by what must differ from step to step and yet be the same after a resume: random draws and
 * optimiser updates. Inside a scope the k-th draw of a generator is a function of (seed, step, k), so that it does not
 * matter how often a compiled function was traced, or in which process step n runs.
 */
export interface StepScope {
  /** The number of the step that is running now; read when a compiled step is replayed. */
  readonly clock: StepTime;
  /** How many times each owner was asked since the scope opened. */
  readonly counts: Map<object, number>;
}

let current: StepScope | undefined;

/**
 * Runs `body` as the body of a step: at each call (eager or traced) counts start from zero.
 *
 * @example
 * const random = new Random(1);
 * const draw = (step: number) => inStepScope({ step }, () => randomNormal([3], { random }));
 * const same = tf.equal(draw(5), draw(5)); // true for all: values depend on the step, not on what was drawn before
 */
export function inStepScope<T>(clock: StepTime, body: () => T): T {
  const outer = current;
  current = { clock, counts: new Map() };
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** The place of the owner's next use within the running step, or undefined outside of any step. */
export function nextInStep(owner: object): { clock: Readonly<StepTime>; index: number } | undefined {
  if (!current) return undefined;
  const index = current.counts.get(owner) ?? 0;
  current.counts.set(owner, index + 1);
  return { clock: current.clock, index };
}
