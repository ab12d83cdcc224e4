// Installs the workspace with the pinned pnpm and the frozen lockfile, unless that has been done already.
// Runs with nothing but Node and npm: `npm test` and `npm run bench` call it first.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Crossmodal needs Node >= 20.19, this is ${process.versions.node}.`);
  process.exit(1);
}

const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const workspaces = ['packages', 'apps', 'tools'].flatMap((group) =>
  existsSync(join(root, group))
    ? readdirSync(join(root, group))
        .sort()
        .map((name) => join(group, name, 'package.json'))
    : [],
);
const inputs = ['package.json', 'pnpm-workspace.yaml', 'pnpm-lock.yaml', ...workspaces].filter((file) =>
  existsSync(join(root, file)),
);
const hash = createHash('sha256').update(`${process.version} ${process.platform} ${process.arch}`);
for (const file of inputs) hash.update(`\0${file}\0`).update(readFileSync(join(root, file)));
const fingerprint = hash.digest('hex');
const stamp = join(root, 'node_modules', '.cache', 'install-stamp');
if (existsSync(stamp) && readFileSync(stamp, 'utf8') === fingerprint) process.exit(0);

console.log(`Installing with ${packageManager} (frozen lockfile, no install scripts) ...`);
const npx = process.platform === 'win32' ? 'npx.cmd' : 'npx';
const result = spawnSync(npx, ['--yes', packageManager, 'install', '--frozen-lockfile', '--prefer-offline'], {
  cwd: root,
  stdio: 'inherit',
  shell: process.platform === 'win32',
  env: { ...process.env, CI: 'true', ONNXRUNTIME_NODE_INSTALL: 'skip' },
});
if (result.status !== 0) {
  console.error('The installation failed. Check the network and the npm registry, then run the same command again.');
  process.exit(result.status ?? 1);
}
mkdirSync(dirname(stamp), { recursive: true });
writeFileSync(stamp, fingerprint);
