// Packs every publishable package as npm would get it, and has publint and are-the-types-wrong look at the tarball; two
// packages at a time.
import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const folder = mkdtempSync(join(tmpdir(), 'crossmodal-pack-'));
let failed = false;

function run(command, args, cwd) {
  return new Promise((done) => {
    execFile(join(bin, command), args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 }, (error, stdout, stderr) =>
      done({ ok: !error, output: `${stdout}${stderr}`.trim() }),
    );
  });
}

async function check(name) {
  const cwd = join(root, 'packages', name);
  if (JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8')).private) return;
  const target = join(folder, name);
  const packed = await run('pnpm', ['pack', '--pack-destination', target], cwd);
  const tarball = packed.ok && readdirSync(target).find((file) => file.endsWith('.tgz'));
  const checks = tarball
    ? [
        ['publint', await run('publint', ['run', join(target, tarball), '--strict'], cwd)],
        [
          'are-the-types-wrong',
          await run('attw', [join(target, tarball), '--profile', 'esm-only', '--format', 'ascii'], cwd),
        ],
      ]
    : [['pack', packed]];
  const bad = checks.filter(([, result]) => !result.ok);
  console.log(`${bad.length === 0 ? 'ok    ' : 'FAILED'} ${name}`);
  for (const [title, result] of bad) console.log(`--- ${title}\n${result.output}\n`);
  failed ||= bad.length > 0;
}

try {
  const names = readdirSync(join(root, 'packages')).sort();
  const next = async () => {
    for (let name = names.shift(); name !== undefined; name = names.shift()) await check(name);
  };
  await Promise.all([next(), next()]);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(failed ? 1 : 0);
