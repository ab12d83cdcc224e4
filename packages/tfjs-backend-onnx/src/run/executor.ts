import type { Tensor } from 'onnxruntime-common';
import type { HostSource } from '../entry.js';
import type { Numbers, Value } from '../ir/graph.js';
import { graphKey } from './key.js';
import { Lru } from './lru.js';
import { makePlan, type Plan, runPlan } from './plan.js';
import { ortTensor } from './session.js';
import type { Statistics } from './statistics.js';

/** Runs recorded graphs; structures seen before reuse their session. */
export class Executor {
  private readonly plans: Lru<Plan>;

  constructor(
    private readonly options: { threads: number; exact: boolean; cacheSize: number },
    private readonly statistics: Statistics,
  ) {
    this.plans = new Lru(options.cacheSize, (plan) => plan.session.dispose());
  }

  /** Numbers of the outputs, in fresh memory. */
  run(outputs: readonly Value[]): Numbers[] {
    const key = graphKey(outputs);
    let plan = this.plans.get(key.key);
    if (plan === undefined) {
      plan = makePlan(outputs, key, this.options);
      this.statistics.builds++;
      this.statistics.buildMilliseconds += plan.milliseconds;
      this.plans.set(key.key, plan);
    }
    const start = performance.now();
    const feeds: Record<string, Tensor> = {};
    for (const { name, position, shape, type } of plan.feeds) {
      const { source } = key.inputs[position]!;
      feeds[name] = ortTensor((source as HostSource).numbers, shape, type);
    }
    const fetches: Record<string, null> = {};
    for (const name of plan.outputs) fetches[name] = null;
    this.statistics.profiler?.look(key.key, feeds, (profile) => makePlan(outputs, key, this.options, { profile }));
    const results = runPlan(plan, feeds, fetches);
    const numbers = plan.outputs.map((name) => results[name]!.data as Numbers);
    this.statistics.runs++;
    this.statistics.runMilliseconds += performance.now() - start;
    return numbers;
  }

  dispose(): void {
    this.plans.clear();
  }
}
