/**
 * Runs the tests of tfjs-core itself on backend `onnx`, and those of tfjs-layers where their sources are given.
 *
 *   npm run conformance                     all cases; the last line is "N passed, N failed, N skipped"
 *   npm run conformance -- --grep conv2d    only cases whose full name contains the text
 *   npm run conformance -- --verbose        the complete message of each failure
 *   npm run conformance -- --prefer toom-cook,wide   these formulations wherever they apply
 *   npm run conformance -- --exact          none that saves multiplications
 *   npm run conformance -- --layers ../tfjs     also those of tfjs-layers, whose tests are not published: a folder with
 *                                           the sources of the tfjs repository; or the environment's TFJS_SOURCES
 *   npm run conformance -- --tiny           little work at once, on the kernels of `cpu`, as the backend does by default
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { registerOnnxBackend } from '../src/index.js';
import { bundleLayersTests, bundleTests } from './bundle.js';
import { exclusions } from './exclusions.js';

interface Result {
  fullName: string;
  status: string;
  failedExpectations: { message: string; stack: string }[];
}
interface Jasmine {
  getEnv(): {
    configure(options: object): void;
    addReporter(reporter: object): void;
    execute(): Promise<unknown>;
  };
}

const args = process.argv.slice(2);
const option = (name: string): string | undefined => {
  const at = args.indexOf(`--${name}`);
  return at < 0 ? undefined : args[at + 1];
};
const grep = option('grep');
const verbose = args.includes('--verbose');
const report = option('report');

const require = createRequire(import.meta.url);
const outfile = (name: string): string =>
  join(import.meta.dirname, '..', 'node_modules', '.cache', 'conformance', `${name}.cjs`);
mkdirSync(dirname(outfile('tests')), { recursive: true });
const files = await bundleTests(outfile('tests'));
const sources = option('layers') ?? process.env['TFJS_SOURCES'];
const layersFiles = sources === undefined ? 0 : await bundleLayersTests(outfile('layers'), resolve(sources));

// Every kernel is recorded: with the default threshold most of these tiny cases would be computed in JavaScript.
registerOnnxBackend({
  hostThreshold: args.includes('--tiny') ? undefined : 0,
  threads: 2,
  cacheSize: 16,
  exact: args.includes('--exact'),
  prefer: option('prefer')?.split(','),
});

const jasmineCore = require('jasmine-core') as { boot(): Jasmine };
const jasmine = jasmineCore.boot();
const environment = jasmine.getEnv();
const print = console.log.bind(console);
for (const method of ['log', 'warn', 'error', 'info'] as const) console[method] = () => undefined;

const results: Result[] = [];
const excluded = (name: string): boolean => exclusions.some((exclusion) => exclusion.name.test(name));
environment.configure({
  random: false,
  specFilter: (spec: { getFullName(): string }) =>
    !excluded(spec.getFullName()) && (grep === undefined || spec.getFullName().includes(grep)),
});
environment.addReporter({
  specDone: (result: Result) => {
    results.push(result);
  },
});
require(outfile('tests'));
if (layersFiles > 0) require(outfile('layers'));
await environment.execute();

const failed = results.filter((result) => result.status === 'failed');
for (const { fullName, failedExpectations } of failed) {
  const message = failedExpectations[0]?.message ?? '';
  print(
    `FAILED ${fullName}\n       ${verbose ? `${message}\n${failedExpectations[0]?.stack}` : message.split('\n')[0]!.slice(0, 300)}`,
  );
}
const passed = results.filter((result) => result.status === 'passed').length;
const skipped = results.filter((result) => result.status === 'excluded' || result.status === 'pending').length;
if (report !== undefined)
  writeFileSync(
    report,
    JSON.stringify(
      results.map(({ fullName, status }) => ({ fullName, status })),
      null,
      1,
    ),
  );
print(`${files} files of tfjs-core`);
print(
  layersFiles > 0
    ? `${layersFiles} files of tfjs-layers`
    : 'tfjs-layers: skipped, needs the sources of the tfjs repository (--layers FOLDER)',
);
print(`${passed} passed, ${failed.length} failed, ${skipped} skipped`);
process.exitCode = failed.length > 0 ? 1 : 0;
