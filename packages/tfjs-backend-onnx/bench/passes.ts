// What each pass does to the graph of a training step: nodes, milliseconds; with --show, the graph after one pass.
// With --until the step runs with the passes up to that one (and what a graph needs to run), next to one with all.
// pnpm --filter @crossmodal/tfjs-backend-onnx run passes [workload] [--exact] [--until PASS] [--show PASS] [--table]
// Any program: TFJS_ONNX_UNTIL=PASS in its environment.
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-layers';
import { traceFunction } from '../src/compile/program.js';
import { compile, type OnnxBackend, registerOnnxBackend } from '../src/index.js';
import { type Graph, topological } from '../src/ir/graph.js';
import { passes, passesUntil, runPasses } from '../src/passes/optimise.js';
import { describeGraph } from './describe-graph.js';
import { passTable } from './pass-table.js';
import { workloads } from './workloads.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    exact: { type: 'boolean', default: false },
    until: { type: 'string' },
    show: { type: 'string' },
    table: { type: 'boolean', default: false },
  },
});
if (values.table) console.log(passTable());
else await report(positionals[0] ?? 'vae');

function count(graph: Graph): number {
  return topological(graph.outputs).filter(({ op }) => op !== 'Input' && op !== 'Constant').length;
}

async function report(name: string): Promise<void> {
  const create = workloads[name];
  if (create === undefined)
    throw new Error(`passes: there is no workload ${name}; there are ${Object.keys(workloads)}`);
  registerOnnxBackend({ exact: values.exact });
  await tf.setBackend('onnx');
  const { step } = create();
  tf.tidy(step);
  const { outputs } = traceFunction(tf.backend() as OnnxBackend, step as (...args: unknown[]) => unknown, []);
  const list = values.until === undefined ? passes : passesUntil(values.until);
  if (values.show === undefined) console.log(`${String(count({ outputs })).padStart(6)} nodes recorded`);
  runPasses(list, { outputs }, { exact: values.exact }, ({ name: pass, graph, milliseconds }) => {
    if (values.show === undefined)
      console.log(`${String(count(graph)).padStart(6)} nodes ${milliseconds.toFixed(1).padStart(8)} ms  ${pass}`);
    else if (pass === values.show) console.log(describeGraph(graph));
  });
  if (values.until === undefined) return;
  const variables = Object.values(tf.engine().registeredVariables);
  const start = variables.map((variable) => variable.clone());
  for (const until of [values.until, '']) {
    process.env['TFJS_ONNX_UNTIL'] = until;
    variables.forEach((variable, i) => {
      variable.assign(start[i]!);
    });
    const compiled = compile(step);
    const results = Array.from({ length: 12 }, () => {
      const begin = performance.now();
      const loss = compiled();
      const [value] = loss.dataSync();
      loss.dispose();
      return { milliseconds: performance.now() - begin, value: value! };
    });
    const times = results.slice(4).map(({ milliseconds }) => milliseconds);
    const losses = results.slice(0, 4).map(({ value }) => value.toPrecision(7));
    console.log(
      `${until === '' ? 'all passes' : `until ${until}`}: ${Math.min(...times).toFixed(2)} ms, losses ${losses.join(' ')}`,
    );
    compiled.dispose();
  }
}
