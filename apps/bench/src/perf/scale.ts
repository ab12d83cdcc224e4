import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { logLines } from '../report/charts/log-lines.js';
import { html, raw } from '../report/html.js';
import { style } from '../report/style.js';

interface Engine {
  build?: number;
  one: { wall: number };
  hundred: { wall: number };
  megabytes: number;
}

/** What `scale.ts` of the package search writes. */
export interface ScaleMeasurement {
  dimension: number;
  measured: readonly ({ rows: number } & Partial<Record<'ours' | 'numpy' | 'faiss', Engine>>)[];
}

const names = { ours: 'Crossmodal', numpy: 'numpy', faiss: 'FAISS flat' } as const;

/** Exact search over 10^3 to 10^6 rows beside numpy and FAISS: a table on the terminal, and a page with the plots. */
export async function scale({
  python = 'python3',
  most,
  report,
  write,
}: {
  python?: string;
  /** Rows at most. */
  most: number;
  /** The page. */
  report: string;
  write(line: string): void;
}): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'scale-'));
  const json = join(folder, 'scale.json');
  const program = fileURLToPath(new URL('../../../../packages/search/bench/scale.ts', import.meta.url));
  try {
    const options = ['--conditions=@crossmodal/source', '--expose-gc', '--import', 'tsx'];
    const child = spawn(
      process.execPath,
      [...options, program, '--python', python, '--most', String(most), '--json', json],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    child.stdout.on('data', (part: Buffer) => write(part.toString().replace(/\n$/, '')));
    const code = await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    if (code !== 0) throw new Error(`perf --scale: the measurement ended with ${code}`);
    await writeFile(report, scalePage(JSON.parse(await readFile(json, 'utf8')) as ScaleMeasurement));
    write(`plots: ${report}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The page with the plots. */
export function scalePage({ dimension, measured }: ScaleMeasurement): string {
  const figure = (title: string, yLabel: string, value: (engine: Engine) => number | undefined) =>
    logLines({
      title,
      ...{ xLabel: 'rows', yLabel },
      series: (['ours', 'numpy', 'faiss'] as const).map((key) => {
        const points = measured.flatMap(({ rows, [key]: engine }) => {
          const y = engine && value(engine);
          return y === undefined ? [] : [[rows, y] as const];
        });
        return { name: names[key], points };
      }),
    });
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Crossmodal: exact search</title>
<style>${raw(style)}</style>
</head>
<body><main>
  <h1>Exact search over rows</h1>
  <p class="lede">Ten nearest of vectors of ${dimension}, in memory, by ${cpus().length} threads of ${cpus()[0]?.model ?? 'this machine'}; all in one run.</p>
  <section><div class="figures">
    ${figure('One query', 'milliseconds', ({ one }) => one.wall)}
    ${figure('A hundred queries at once', 'milliseconds', ({ hundred }) => hundred.wall)}
    ${figure('Building', 'milliseconds', ({ build }) => build)}
    ${figure('Memory', 'megabytes', ({ megabytes }) => megabytes)}
  </div></section>
</main></body>
</html>`.text;
}
