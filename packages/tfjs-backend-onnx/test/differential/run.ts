/**
 * Random calls of every kernel, computed at once in JavaScript, recorded and compiled, against definitions in double
 * precision. Prints the seed of each difference.
 *
 *   npm run differential                                  50 rounds of all kernels, from a random seed
 *   npm run differential -- --rounds 500 --seed 7         as many, from this one
 *   npm run differential -- --kernel Mod --seed 1234      one kernel
 */
import { cases } from './cases.js';
import { type Difference, play, registerBoth } from './play.js';

const args = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args[at + 1];
};
const rounds = Number(option('rounds') ?? 50);
const first = Number(option('seed') ?? Date.now() % 1_000_000);
const kernels = option('kernel')?.split(',') ?? Object.keys(cases);

const print = (text: string): void => void process.stdout.write(`${text}\n`);

await registerBoth();
print(`seeds ${first} to ${first + rounds - 1}, ${kernels.length} kernels`);
const differences: Difference[] = [];
for (const kernel of kernels) {
  const before = differences.length;
  for (let seed = first; seed < first + rounds; seed++)
    for (const special of [false, true]) differences.push(...(await play(kernel, cases[kernel]!, { seed, special })));
  const list = differences.slice(before);
  if (list.length === 0) continue;
  print(`${kernel}: ${list.length} differences`);
  for (const { how, what, call } of list.slice(0, Number(option('show') ?? 3))) print(`  ${how}: ${what}\n    ${call}`);
}
print(`${differences.length} differences`);
process.exitCode = differences.length > 0 ? 1 : 0;
