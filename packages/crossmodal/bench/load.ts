// `pnpm --filter crossmodal run bench:load [SECONDS] [REQUESTS]`, each 0 for none: fifty searches at once for a minute on 100,000 items over HTTP, then
// ten thousand requests that nobody sane sends. Ends with 1 when a search failed, the server ended or closed a
// connection without an answer, or anything was answered with 5xx.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Random } from '@crossmodal/core';
import { openFileStore } from '@crossmodal/search';
import autocannon from 'autocannon';
import { writeCollection } from '../src/collection/collection.js';
import { fields } from '../src/collection/open-store.js';
import { modelDigest } from '../src/model/model-digest.js';
import { run } from '../test/command.js';
import { fuzzedRequest } from '../test/fuzz.js';
import { colouredShapes } from '../test/pictures.js';

const seconds = Number(process.argv[2] ?? 60);
const requests = Number(process.argv[3] ?? 10_000);
const items = 100_000;
const dimension = 128;
const root = await mkdtemp(join(tmpdir(), 'crossmodal-load-'));
const say = (text: string) => void process.stdout.write(`${text}\n`);

/** Searches by words, fifty at once; gives how many were not answered well. */
async function searches(url: string): Promise<number> {
  const words = ['red', 'a blue square', 'circle', 'something green and round', 'yellow', 'a black circle'];
  const {
    latency,
    non2xx,
    errors,
    timeouts,
    requests: counted,
  } = await autocannon({
    url,
    connections: 50,
    duration: seconds,
    requests: Array.from({ length: 300 }, (_, i) => ({
      method: 'GET' as const,
      path: `/api/search?k=20&words=${encodeURIComponent(`${words[i % words.length]} ${i}`)}${i % 3 === 0 ? '&label=label+3' : ''}`,
    })),
  });
  say(
    `${counted.total} searches by 50 at once in ${seconds} s on ${items} items of ${dimension}: ${counted.average} per second`,
  );
  say(
    `milliseconds: median ${latency.p50}, 90 % ${latency.p90}, 97.5 % ${latency.p97_5}, 99 % ${latency.p99}, most ${latency.max}`,
  );
  const failed = non2xx + errors + timeouts;
  say(`not answered well: ${failed}`);
  return failed;
}

let server: ChildProcess | undefined;
try {
  const [data, model, index] = [join(root, 'shapes'), join(root, 'model'), join(root, 'index')];
  await colouredShapes(data);
  const { code, notes } = await run([
    'train',
    '--data',
    data,
    '--out',
    model,
    '--image-size',
    '16',
    '--channels',
    '8,16',
    '--epochs',
    '2',
    '--batch-size',
    '20',
    '--dimension',
    String(dimension),
  ]);
  if (code !== 0) throw new Error(notes);
  await writeCollection(index, {
    format: 'crossmodal index',
    version: 1,
    model,
    modelSha256: await modelDigest(model),
    modalities: ['image', 'text', 'audio'],
    dimension,
    roots: [join(data, 'media')],
  });
  const store = await openFileStore(join(index, 'vectors'), { dimension, fields });
  const values = new Float32Array(items * dimension);
  new Random(1).fillNormal(values);
  const ids = Array.from({ length: items }, (_, i) => `image-${i}`);
  for (let from = 0; from < items; from += 10_000) {
    await store.upsert(
      ids.slice(from, from + 10_000).map((id, i) => ({
        id,
        vector: values.subarray((from + i) * dimension, (from + i + 1) * dimension),
        metadata: {
          kind: 'image',
          label: `label ${i % 10}`,
          file: 'red-circle-0.png',
          root: 0,
          text: `item ${from + i}`,
        },
      })),
    );
  }
  await store.close();

  const bin = fileURLToPath(new URL('../bin/crossmodal.mjs', import.meta.url));
  const started = spawn(
    process.execPath,
    [bin, 'serve', '--index', index, '--port', '0', '--rate', '100000000', '--json'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let ended = false;
  server = started;
  started.on('exit', () => {
    ended = true;
  });
  const url = await new Promise<string>((resolve, reject) => {
    started.stdout.on('data', (part: Buffer) => resolve((JSON.parse(part.toString()) as { url: string }).url));
    started.on('exit', () => reject(new Error('the server ended')));
  });

  const failed = seconds === 0 ? 0 : await searches(url);

  const statuses = new Map<number, number>();
  const closed: string[] = [];
  const ask = async (seed: number) => {
    const request = fuzzedRequest(seed, { ids });
    const { pathname, search } = new URL(request.url);
    const body = request.body ? new Uint8Array(await request.arrayBuffer()) : undefined;
    const headers = Object.fromEntries([...request.headers].filter(([name]) => name !== 'host'));
    try {
      const response = await fetch(new URL(pathname.replace(/^\/+/, '/') + search, url), {
        method: request.method,
        headers,
        ...(body ? { body } : {}),
      });
      await response.arrayBuffer();
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
    } catch (error) {
      const { code = 'unknown' } = ((error as Error).cause ?? {}) as { code?: string };
      closed.push(
        `${code} at ${request.method} ${pathname.slice(0, 60)}, body of ${body?.length ?? 0} bytes, seed ${seed}`,
      );
    }
  };
  for (let seed = 0; seed < requests; seed += 20)
    await Promise.all(Array.from({ length: 20 }, (_, i) => ask(seed + i)));
  const failures = [...statuses].filter(([status]) => status >= 500).reduce((sum, [, count]) => sum + count, 0);
  say(
    `${requests} strange requests: ${[...statuses]
      .sort(([a], [b]) => a - b)
      .map(([status, count]) => `${status} ${count} times`)
      .join(', ')}; the server ${ended ? 'ended' : 'goes on'}`,
  );
  if (closed.length > 0)
    say(`connections closed before the answer: ${closed.length}\n  ${closed.slice(0, 20).join('\n  ')}`);
  if (failed + failures + closed.length > 0 || ended) process.exitCode = 1;
} finally {
  server?.kill('SIGTERM');
  await rm(root, { recursive: true, force: true });
}
process.exit();
