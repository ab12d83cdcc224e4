// `npm test`: every check and test of the repository, one after the other, with what each one took.
// `node scripts/check.mjs lint types` runs only those named.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const results = join(root, 'node_modules', '.cache', 'vitest-results.json');

const checks = {
  lint: ['formatting and lint (biome)', 'biome', ['ci', '--reporter=summary', '.']],
  types: ['types (tsc)', 'tsc', ['-p', 'tsconfig.json']],
  imports: [
    'import rules (dependency-cruiser)',
    'depcruise',
    ['--config', '.dependency-cruiser.cjs', 'packages', 'apps', 'tools'],
  ],
  unused: ['unused code and dependencies (knip)', 'knip', ['--no-progress', '--no-config-hints']],
  build: ['build (tsup through turbo)', 'turbo', ['run', 'build', '--output-logs=errors-only']],
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
for (const [name, [title, command, args]] of Object.entries(checks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n== ${title}`);
  const started = performance.now();
  const executable = command === process.execPath ? command : join(bin, command);
  const { status } = spawnSync(executable, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' },
  });
  summary.push({ name, title, ok: status === 0, seconds: (performance.now() - started) / 1000 });
}

console.log('\n== summary');
for (const { ok, title, seconds } of summary)
  console.log(`${ok ? 'ok    ' : 'FAILED'} ${seconds.toFixed(1).padStart(7)} s  ${title}`);

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
