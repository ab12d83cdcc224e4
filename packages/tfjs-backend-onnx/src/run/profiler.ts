import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Tensor } from 'onnxruntime-common';
import type { Plan } from './plan.js';
import { resultTensor } from './session.js';

/** Time of one operator of the graphs. */
export interface OperatorTime {
  kernel: string;
  operator: string;
  shape: string;
  milliseconds: number;
  /** Read and written: the sizes of what goes in and comes out, weights included. */
  bytes: number;
}

interface ProfiledGraph {
  plan: Plan;
  folder: string;
  looks: number;
}

/** One run to let ONNX Runtime's memory grow, then the ones that count. */
const WARMUP = 1;
const COUNTED = 3;

/** Runs each graph a few times more with ONNX Runtime's profiling on, on the same inputs, and adds up its events. */
export class Profiler {
  private readonly graphs = new Map<string, ProfiledGraph>();
  private readonly others: OperatorTime[] = [];

  /** Notes the time of something that is computed outside of ONNX Runtime. */
  note(time: OperatorTime): void {
    this.others.push(time);
  }

  look(key: string, feeds: Record<string, Tensor>, build: (prefix: string) => Plan): void {
    let entry = this.graphs.get(key);
    if (entry === undefined) {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'tfjs-onnx-profile-'));
      entry = { plan: build(path.join(folder, 'run')), folder, looks: 0 };
      this.graphs.set(key, entry);
    }
    const { plan } = entry;
    const fetches = Object.fromEntries(plan.outputs.map((name, i) => [name, resultTensor(plan.results[i]!)]));
    const runs = entry.looks === 0 ? WARMUP + COUNTED : COUNTED;
    for (let i = 0; i < runs; i++) plan.session.run(feeds, fetches);
    entry.looks++;
  }

  /** Operators of all graphs, with time and bytes of all looks together. */
  finish(): OperatorTime[] {
    const times: OperatorTime[] = this.others.splice(0);
    for (const { plan, folder, looks } of this.graphs.values()) {
      plan.session.endProfiling();
      plan.session.dispose();
      for (const file of readdirSync(folder)) times.push(...readEvents(path.join(folder, file), plan, looks));
      rmSync(folder, { recursive: true, force: true });
    }
    this.graphs.clear();
    return times;
  }
}

interface Event {
  cat: string;
  name: string;
  dur: number;
  /** Sizes are texts in bytes; ONNX Runtime leaves them out where it does not know them. */
  args?: { op_name?: string; activation_size?: string; parameter_size?: string; output_size?: string };
}

function readEvents(file: string, plan: Plan, looks: number): OperatorTime[] {
  const events = JSON.parse(readFileSync(file, 'utf8')) as Event[];
  const perNode = new Map<string, { operator: string; durations: number[]; bytes: number }>();
  for (const { cat, name, dur, args } of events) {
    if (cat !== 'Node' || !name.endsWith('_kernel_time')) continue;
    const node = perNode.get(name) ?? { operator: args?.op_name ?? '', durations: [], bytes: 0 };
    node.durations.push(dur);
    node.bytes = [args?.activation_size, args?.parameter_size, args?.output_size].reduce(
      (sum, size) => sum + Number(size ?? 0),
      0,
    );
    perNode.set(name, node);
  }
  return [...perNode].map(([name, { operator, durations, bytes }]) => {
    const counted = durations.slice(WARMUP);
    const average = counted.reduce((sum, d) => sum + d, 0) / Math.max(1, counted.length);
    const index = /n(\d+)_/.exec(name)?.[1];
    const described = index === undefined ? undefined : plan.nodes[Number(index)];
    return {
      kernel: described?.kernel || '(layout)',
      operator: operator || (described?.operator ?? name),
      shape: described?.shape ?? '',
      milliseconds: (average / 1000) * looks,
      bytes: bytes * looks,
    };
  });
}
