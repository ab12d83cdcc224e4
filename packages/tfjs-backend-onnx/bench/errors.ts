/**
 * Largest error of each formulation, relative to the largest result, against the definition in double precision: over the
 * shapes that the tests use, and for the forms that save multiplications over larger ones as well.
 *
 *   pnpm --filter @crossmodal/tfjs-backend-onnx run bench:errors
 */
import { formulations } from '../src/formulations/table.js';
import type { Value } from '../src/ir/graph.js';
import { lower } from '../src/passes/lower.js';
import { evaluate } from '../test/evaluate.js';
import { allCases, convolutionCases, deepConvolutions } from '../test/formulations/cases.js';
import { definition } from '../test/formulations/naive.js';

interface Worst {
  error: number;
  name: string;
  cases: number;
}
const worst = new Map<string, Worst>();

function measure({ name, value }: { name: string; value: Value }, inexactOnly: boolean): void {
  let truth: number[] | undefined;
  for (const formulation of formulations) {
    if (formulation.composite !== value.node.op || (inexactOnly && formulation.exact)) continue;
    if (!formulation.applies(value.node)) continue;
    truth ??= definition(value);
    const { inputs, attrs } = value.node;
    const written = formulation.write(inputs as Value[], attrs, value.shape);
    const numbers = evaluate(lower({ outputs: [written] }, { exact: true }))[0]! as Float32Array;
    const largest = truth.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
    const error = numbers.reduce((most, v, i) => Math.max(most, Math.abs(v - truth![i]!)), 0) / (largest || 1);
    const key = `${formulation.composite}: ${formulation.name}${formulation.exact ? '' : ' (not exact)'}`;
    const before = worst.get(key) ?? { error: 0, name: '', cases: 0 };
    worst.set(
      key,
      error > before.error ? { error, name, cases: before.cases + 1 } : { ...before, cases: before.cases + 1 },
    );
  }
}

for (const each of allCases()) measure(each, false);
for (const each of convolutionCases(deepConvolutions, 'Conv')) measure(each, true);
for (const [key, { error, name, cases }] of worst)
  console.log(`${key}\t${error.toExponential(1)}\t${cases} shapes\t${name}`);
