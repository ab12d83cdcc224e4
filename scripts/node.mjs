// `node scripts/node.mjs FILE ...`: runs a TypeScript file of this repository on its sources, and asks for large pages.
//
// On Linux, training steps that walk through hundreds of megabytes take up to twice as long with pages of 4 KB. With this
// setting glibc asks the kernel for large ones, which most systems give to those who ask. It is read when a process starts,
// so a process of its own is started here.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';

const tunable = 'glibc.malloc.hugetlb=1';
const { GLIBC_TUNABLES: before } = process.env;
const env = { ...process.env };
if (process.platform === 'linux' && !before?.includes('glibc.malloc.hugetlb')) {
  env.GLIBC_TUNABLES = before ? `${before}:${tunable}` : tunable;
}
const args = ['--conditions=@crossmodal/source', '--import', 'tsx', ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { stdio: 'inherit', env });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = signal ? 128 + constants.signals[signal] : code;
});
