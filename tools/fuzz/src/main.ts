// Fuzzes all readers: pnpm --filter @crossmodal/core run fuzz [--count 2000] [--seed 1] [--kinds png,wav] [--keep FOLDER]
import { parseArgs } from 'node:util';
import { allKinds, fuzz } from './run.js';
import type { Kind } from './specimens.js';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '2000' },
    seed: { type: 'string', default: '1' },
    kinds: { type: 'string', default: allKinds.join(',') },
    keep: { type: 'string' },
  },
});

async function main(): Promise<void> {
  const kinds = values.kinds.split(',') as Kind[];
  const unknown = kinds.filter((kind) => !allKinds.includes(kind));
  if (unknown.length > 0) throw new Error(`unknown kind ${unknown.join(', ')}; there are ${allKinds.join(', ')}`);
  const began = performance.now();
  const count = Number(values.count);
  const report = await fuzz({
    count,
    seed: Number(values.seed),
    kinds,
    keep: values.keep,
    progress: (done) => {
      if (done % 250 === 0) process.stdout.write(`${done} of ${count} files\n`);
    },
  });
  const lines = [
    ...Object.entries(report.kinds).map(
      ([kind, { accepted, rejected }]) =>
        `${kind.padEnd(12)} accepted ${String(accepted).padStart(5)}   rejected ${String(rejected).padStart(5)}`,
    ),
    ...report.failures.map(({ path, how, problem }) => `FAILED ${path} (${how}): ${problem}`),
    `${report.files} files in ${((performance.now() - began) / 1000).toFixed(1)} s, slowest ${report.slowest.toFixed(0)} ms, ` +
      `memory at most ${Math.round(report.memory / 2 ** 20)} MiB, ${report.failures.length} failures`,
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = report.failures.length > 0 ? 1 : 0;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
