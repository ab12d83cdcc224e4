import { runCommandLine } from './cli/command-line.js';
import { removeUnfinished } from './data/cache.js';

for (const [signal, number] of [
  ['SIGINT', 2],
  ['SIGTERM', 15],
] as const) {
  process.once(signal, () => {
    removeUnfinished();
    process.exit(128 + number);
  });
}
process.exitCode = await runCommandLine(process.argv.slice(2));
