#!/usr/bin/env node
// Starts the command in a process of its own, for which large pages are asked: on Linux, training steps that walk through hundreds of
// megabytes take up to twice as long with pages of 4 KB, and the setting is read when a process starts.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const tunable = 'glibc.malloc.hugetlb=1';
const { GLIBC_TUNABLES: before } = process.env;
const env = { ...process.env };
if (process.platform === 'linux' && !before?.includes('glibc.malloc.hugetlb')) {
  env.GLIBC_TUNABLES = before ? `${before}:${tunable}` : tunable;
}
const built = new URL('../dist/main.js', import.meta.url);
// In a clone of the repository nothing is built: the sources are run.
const program = existsSync(built)
  ? [fileURLToPath(built)]
  : [
      '--conditions=@crossmodal/source',
      '--import',
      import.meta.resolve('tsx'),
      fileURLToPath(new URL('../src/main.ts', import.meta.url)),
    ];
const child = spawn(process.execPath, [...program, ...process.argv.slice(2)], {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env,
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal ? 128 + constants.signals[signal] : code;
});
