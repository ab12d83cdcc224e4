// `npm test`: every check and test of the repository, with what each one took. Most checks keep one core busy, so two run
// at a time, and print when they are done; the tests run alone.
// `node scripts/check.mjs lint types` runs only those named.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const results = join(root, 'node_modules', '.cache', 'vitest-results.json');

const checks = {
  lint: ['formatting and lint (biome)', 'biome', ['ci', '--reporter=summary', '.']],
  // The native compiler took 30 s of processor time where the other took 89; declarations and the tools below need the other.
  types: ['types (tsc)', process.execPath, ['node_modules/typescript-native/bin/tsc', '-p', 'tsconfig.json']],
  imports: [
    'import rules (dependency-cruiser)',
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', 'packages', 'apps', 'tools'],
  ],
  unused: ['unused code and dependencies (knip)', 'knip', ['--no-progress', '--no-config-hints']],
  build: ['build (tsc and tsup through turbo)', 'turbo', ['run', 'build', '--output-logs=errors-only']],
  packages: ['packages (publint, are-the-types-wrong)', process.execPath, ['scripts/check-packages.mjs']],
  tests: ['tests (vitest)', 'vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${results}`]],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in checks));
if (unknown.length > 0) {
  console.error(`Unknown check ${unknown.join(', ')}; there are ${Object.keys(checks).join(', ')}.`);
  process.exit(1);
}

rmSync(results, { force: true });
mkdirSync(dirname(results), { recursive: true });
const summary = [];

/** Runs a check; what it prints is shown at once, or when it is done. */
async function run(name, { atOnce = false } = {}) {
  if (wanted.length > 0 && !wanted.includes(name)) return;
  const [title, command, args] = checks[name];
  const started = performance.now();
  if (atOnce) console.log(`\n== ${title}`);
  const child = spawn(command === process.execPath ? command : join(bin, command), args, {
    cwd: root,
    stdio: atOnce ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  const parts = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => parts.push(part));
  const ok = await new Promise((done) => {
    child.on('error', (error) => {
      parts.push(Buffer.from(error.message));
      done(false);
    });
    child.on('close', (status) => done(status === 0));
  });
  const seconds = (performance.now() - started) / 1000;
  if (!atOnce) console.log(`\n== ${title}: ${seconds.toFixed(1)} s\n${Buffer.concat(parts).toString().trim()}`);
  summary.push({ name, title, ok, seconds });
}

async function lane(...names) {
  for (const name of names) await run(name);
}

const started = performance.now();
await Promise.all([lane('types', 'imports', 'unused'), lane('lint', 'build')]);
await lane('packages');
await run('tests', { atOnce: true });

console.log('\n== summary');
for (const { ok, title, seconds } of summary)
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${seconds.toFixed(1).padStart(7)} s  ${title}`);
console.log(`       ${((performance.now() - started) / 1000).toFixed(1).padStart(7)} s  in all`);

const counts = { passed: 0, failed: 0, skipped: 0 };
if (existsSync(results)) {
  const report = JSON.parse(readFileSync(results, 'utf8'));
  counts.passed = report.numPassedTests;
  counts.failed = report.numFailedTests;
  counts.skipped = report.numPendingTests + report.numTodoTests;
  for (const file of report.testResults) {
    if (file.status === 'failed' && file.assertionResults.length === 0) counts.failed++;
  }
}
for (const { name, ok } of summary) {
  if (name === 'tests') {
    if (!ok && counts.failed === 0) counts.failed++;
  } else if (ok) counts.passed++;
  else counts.failed++;
}
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exit(counts.failed === 0 ? 0 : 1);
