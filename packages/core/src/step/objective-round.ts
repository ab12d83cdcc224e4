import { inStepScope } from '../random/step-scope.js';
import { type CompiledStep, compileStep } from './compile-step.js';
import type { Objective } from './objective.js';
import type { Metrics } from './step.js';
import type { StepBody, StepClock } from './step-engine.js';

/** The objectives one after the other on the whole batch, as one compiled function. */
export function objectiveRound<Batch>(
  caller: string,
  objectives: readonly Objective<Batch>[],
  clock: StepClock,
  compile: boolean,
): StepBody<Batch> {
  type Strengths = readonly (number | undefined)[];
  const round = (batch: Batch, reaches: readonly number[], strengths: Strengths): Metrics =>
    inStepScope(clock, () => {
      const report: Metrics = {};
      objectives.forEach((objective, i) => {
        for (let k = 0; k < objective.repeat; k++) {
          const { metrics, gradients } = objective.gradients(batch, strengths[i]);
          const moved = objective.update(gradients, reaches[i]!);
          for (const [term, value] of Object.entries({ ...metrics, ...moved })) report[objective.prefix + term] = value;
        }
      });
      return report;
    });
  /** One for each way in which gradients are kept back or reach the optimisers, with and without regularisers. */
  const bodies = new Map<string, CompiledStep<Batch>>();
  return {
    run(batch, reaches) {
      const strengths = objectives.map((objective) => objective.regularisation(clock.step));
      const key = [...reaches, ...strengths].join();
      const body =
        bodies.get(key) ?? compileStep((given: Batch) => round(given, reaches, strengths), { compile, caller });
      bodies.set(key, body);
      return body(batch);
    },
    dispose() {
      for (const body of bodies.values()) body.dispose();
    },
  };
}
