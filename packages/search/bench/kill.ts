// `pnpm --filter @crossmodal/search run test:kill`: bulk embedding killed thirty times at random moments, into a store and into shards.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@crossmodal/core';
import { workKilled } from '../test/bulk/killing.js';

const random = new Random(Number(process.argv[2] ?? 1));
for (const kind of ['store', 'shards']) {
  const folder = await mkdtemp(join(tmpdir(), 'crossmodal-kill-'));
  try {
    const report = await workKilled(kind, folder, {
      count: 100_000,
      kills: 30,
      delay: () => 20 + 400 * random.uniform(),
    });
    const counts = { missing: report.missing.length, twice: report.twice.length, wrong: report.wrong.length };
    process.stdout.write(`${kind}: ${JSON.stringify({ ...report, ...counts })}\n`);
    if (report.missing.length + report.twice.length + report.wrong.length > 0) process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
