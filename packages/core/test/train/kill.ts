import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '../../src/index.js';

const child = fileURLToPath(new URL('kill-child.ts', import.meta.url));

interface Outcome {
  /** Undefined when the process was killed. */
  fingerprint: string | undefined;
  /** Milliseconds from the first step to the end. */
  milliseconds: number;
  text: string;
}

/** When a process is killed: so many milliseconds after so many steps of its own life. */
interface Killer {
  steps: number;
  milliseconds: number;
}

/** Runs the training process; with `killer` it is killed on the way. */
function train(folder: string, steps: number, [device, kind]: [string, string], killer?: Killer): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const args = ['--conditions=@crossmodal/source', '--import', 'tsx', child, folder, String(steps), device, kind];
    const process_ = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    let errors = '';
    let began: number | undefined;
    let doomed = false;
    process_.stderr.on('data', (part: Buffer) => {
      errors += part.toString();
    });
    process_.stdout.on('data', (part: Buffer) => {
      text += part.toString();
      const made = text.match(/^step/gm)?.length ?? 0;
      if (made === 0) return;
      began ??= performance.now();
      if (killer === undefined || doomed || made < killer.steps) return;
      doomed = true;
      setTimeout(() => process_.kill('SIGKILL'), killer.milliseconds);
    });
    process_.on('error', reject);
    process_.on('close', (code, signal) => {
      const milliseconds = performance.now() - (began ?? performance.now());
      const fingerprint = /^done (\w+)$/m.exec(text)?.[1];
      if (fingerprint || signal === 'SIGKILL') resolve({ fingerprint, milliseconds, text });
      else reject(new Error(`the training process ended with code ${code}: ${errors}`));
    });
  });
}

export interface KillReport {
  kills: number;
  /** Kills that left a half-written checkpoint behind. */
  whileWriting: number;
  /** Steps that were made again after a kill. */
  repeated: number;
  uninterrupted: string;
  interrupted: string;
  /** The steps in the log of the interrupted run. */
  logged: number[];
}

/**
 * Trains once without interruption; then again, killing the process (SIGKILL) at random moments and starting it anew, until
 * it was killed `kills` times; then lets it end.
 */
export async function killTest({
  kills,
  steps,
  device = 'js',
  kind = 'plain',
  seed = 1,
  onKill,
}: {
  kills: number;
  steps: number;
  device?: string;
  kind?: 'plain' | 'cached';
  seed?: number;
  onKill?: (done: number) => void;
}): Promise<KillReport> {
  const root = mkdtempSync(join(tmpdir(), 'crossmodal-kill-'));
  const random = new Random(seed);
  const report: KillReport = { kills: 0, whileWriting: 0, repeated: 0, uninterrupted: '', interrupted: '', logged: [] };
  try {
    const whole = await train(join(root, 'whole'), steps, [device, kind]);
    report.uninterrupted = whole.fingerprint ?? '';
    const folder = join(root, 'pieces');
    // Short lives, counted in steps so that a busy machine changes nothing: some end in their first step, most in the
    // middle of the run. Within a step the moment is drawn.
    const longest = Math.max(2, Math.min(steps - 1, Math.ceil((2 * steps) / kills)));
    let made = 0;
    while (report.kills < kills) {
      const killer = {
        steps: 1 + random.integer(longest),
        milliseconds: (random.uniform() * whole.milliseconds) / steps,
      };
      const { fingerprint, text } = await train(folder, steps, [device, kind], killer);
      made += text.match(/^step/gm)?.length ?? 0;
      if (fingerprint) {
        // The run ended before its killer came: start over.
        rmSync(folder, { recursive: true, force: true });
        made = 0;
        continue;
      }
      report.kills++;
      const names = readdirSync(folder);
      if (names.some((name) => name.startsWith('.writing-'))) report.whileWriting++;
      onKill?.(report.kills);
    }
    const last = await train(folder, steps, [device, kind]);
    made += last.text.match(/^step/gm)?.length ?? 0;
    report.repeated = made - steps;
    report.interrupted = last.fingerprint ?? '';
    const lines = readFileSync(join(folder, 'log.jsonl'), 'utf8').trim().split('\n');
    report.logged = lines.map((line) => (JSON.parse(line) as { step: number }).step);
    return report;
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}
