// Packs every publishable package as npm would get it, and has publint and are-the-types-wrong look at the tarball.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const folder = mkdtempSync(join(tmpdir(), 'crossmodal-pack-'));
let failed = false;

function run(command, args, cwd) {
  const { status, stdout, stderr } = spawnSync(join(bin, command), args, { cwd, encoding: 'utf8' });
  return { ok: status === 0, output: `${stdout}${stderr}`.trim() };
}

try {
  for (const name of readdirSync(join(root, 'packages')).sort()) {
    const cwd = join(root, 'packages', name);
    if (JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8')).private) continue;
    const target = join(folder, name);
    const packed = run('pnpm', ['pack', '--pack-destination', target], cwd);
    const tarball = packed.ok && readdirSync(target).find((file) => file.endsWith('.tgz'));
    const checks = tarball
      ? [
          ['publint', run('publint', ['run', join(target, tarball), '--strict'], cwd)],
          [
            'are-the-types-wrong',
            run('attw', [join(target, tarball), '--profile', 'esm-only', '--format', 'ascii'], cwd),
          ],
        ]
      : [['pack', packed]];
    const bad = checks.filter(([, result]) => !result.ok);
    console.log(`${bad.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
    for (const [check, result] of bad) console.log(`--- ${check}\n${result.output}\n`);
    failed ||= bad.length > 0;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
