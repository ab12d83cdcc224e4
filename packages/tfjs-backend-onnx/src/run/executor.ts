import type { Tensor } from 'onnxruntime-common';
import type { Numbers, Value } from '../ir/graph.js';
import type { HostSource } from '../memory/host-source.js';
import { runError } from './explain.js';
import { type GraphKey, graphKey } from './key.js';
import { Lru } from './lru.js';
import { makeAsyncPlan, makePlan, type Plan, type PlanOptions, runPlan } from './plan.js';
import { type AsyncSession, ortTensor, resultTensor } from './session.js';
import type { Statistics } from './statistics.js';

/** Runs recorded graphs; structures seen before reuse their session. */
export class Executor {
  private readonly plans: Lru<Plan>;
  private readonly asyncPlans: Lru<Plan<AsyncSession>>;

  constructor(
    private readonly options: PlanOptions & { cacheSize: number },
    private readonly statistics: Statistics,
  ) {
    this.plans = new Lru(options.cacheSize, (plan) => plan.session.dispose());
    this.asyncPlans = new Lru(options.cacheSize, (plan) => plan.session.dispose());
  }

  /** Numbers of the outputs, in fresh memory. */
  run(outputs: readonly Value[]): Numbers[] {
    const key = graphKey(outputs);
    let plan = this.plans.get(key.key);
    if (plan === undefined) {
      plan = makePlan(outputs, key, this.options);
      this.statistics.countBuild(plan);
      this.plans.set(key.key, plan);
    }
    const start = performance.now();
    const feeds = feedsOf(plan, key);
    const fetches: Record<string, Tensor> = {};
    plan.outputs.forEach((name, i) => {
      fetches[name] ??= resultTensor(plan.results[i]!);
    });
    this.statistics.profiler?.look(key.key, feeds, (profile) => makePlan(outputs, key, this.options, { profile }));
    runPlan(plan, feeds, fetches);
    const numbers = plan.outputs.map((name) => fetches[name]!.data as Numbers);
    this.statistics.runs++;
    this.statistics.runMilliseconds += performance.now() - start;
    return numbers;
  }

  /** The same through ONNX Runtime's public interface, which computes later. */
  async runAsync(outputs: readonly Value[]): Promise<Numbers[]> {
    const key = graphKey(outputs);
    let plan = this.asyncPlans.get(key.key);
    if (plan === undefined) {
      plan = await makeAsyncPlan(outputs, key, this.options);
      this.statistics.countBuild(plan);
      this.asyncPlans.set(key.key, plan);
    }
    const start = performance.now();
    const results = await plan.session.run(feedsOf(plan, key), plan.outputs).catch((error: unknown) => {
      throw runError(error, plan.nodes);
    });
    this.statistics.runs++;
    this.statistics.runMilliseconds += performance.now() - start;
    return plan.outputs.map((name) => results[name]!.data as Numbers);
  }

  dispose(): void {
    this.plans.clear();
    this.asyncPlans.clear();
  }
}

function feedsOf({ feeds }: Pick<Plan, 'feeds'>, key: GraphKey): Record<string, Tensor> {
  const result: Record<string, Tensor> = {};
  for (const { name, position, shape, type } of feeds) {
    const { source } = key.inputs[position]!;
    result[name] = ortTensor((source as HostSource).numbers, shape, type);
  }
  return result;
}
