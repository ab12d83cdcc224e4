import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { notWritten } from '../checkpoint/atomic-write.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { readingError } from './files/file-error.js';

export interface DownloadOptions {
  /** Where the file goes. */
  to: string;
  /** What the SHA-256 of the file must be, in hexadecimal. */
  sha256: string;
  /**
   * Bytes that are accepted before the download is given up.
   * @default 4 * 2 ** 30
   */
  maximum?: number;
  /**
   * Milliseconds without a byte before it is given up.
   * @default 30_000
   */
  timeout?: number;
  progress?: (received: number, total: number | undefined) => void;
}

/**
 * The SHA-256 of a file in hexadecimal.
 *
 * @throws CrossmodalError when it cannot be read.
 * @example
 * const sum = await sha256OfFile('train-images-idx3-ubyte.gz'); // '440fcabf...'
 */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  } catch (error) {
    throw readingError('sha256OfFile', path, error);
  }
  return hash.digest('hex');
}

/**
 * Fetches a file, unless it is there already with the right hash. It is written under another name and renamed when its
 * SHA-256 is right, so that a file that was cut short or tampered with never stands in its place.
 *
 * @returns the path, `to`
 * @throws CrossmodalError when the server does not answer or answers with an error, when the file is too large, too slow, or
 * another one than the hash says.
 * @example await download('https://example.org/a.gz', { to: 'data/a.gz', sha256: '440f...' });
 */
export async function download(
  url: string,
  { to, sha256, maximum = 4 * 2 ** 30, timeout = 30_000, progress, ...others }: DownloadOptions,
): Promise<string> {
  assertKnownOptions('download', others, ['to', 'sha256', 'maximum', 'timeout', 'progress']);

  if (!/^[0-9a-f]{64}$/i.test(sha256))
    throw new CrossmodalError(`download: sha256 must be 64 hexadecimal digits, got "${sha256}"`);
  const wanted = sha256.toLowerCase();
  const present = await sha256OfFile(to).catch(() => undefined);
  if (present === wanted) return to;
  const fail = (problem: string, cause?: unknown) =>
    new CrossmodalError(`download: ${url}: ${problem}`, {
      remedy: `fetch the file by other means and put it at ${to}`,
      cause,
    });

  const partial = `${to}.${process.pid}.${Date.now().toString(36)}.part`;
  const notKept = (error: unknown) => {
    throw notWritten(`download: ${to}`, error);
  };
  await mkdir(dirname(to), { recursive: true }).catch(notKept);
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error(`nothing came for ${timeout} ms`)), timeout);
  };
  try {
    alive();
    const response = await fetch(url, { signal: abort.signal });
    if (!response.ok || !response.body) throw fail(`the server answered ${response.status} ${response.statusText}`);
    const total = Number(response.headers.get('content-length')) || undefined;
    if (total !== undefined && total > maximum) throw fail(`has ${total} bytes, more than ${maximum}`);
    const hash = createHash('sha256');
    const file = await open(partial, 'wx').catch(notKept);
    let received = 0;
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        alive();
        received += chunk.length;
        if (received > maximum) throw fail(`has more than ${maximum} bytes`);
        hash.update(chunk);
        await file.writeFile(chunk).catch(notKept);
        progress?.(received, total);
      }
      await file.sync().catch(notKept);
    } finally {
      await file.close();
    }
    const actual = hash.digest('hex');
    if (actual !== wanted) throw fail(`has SHA-256 ${actual}, expected ${wanted} (${received} bytes came)`);
    await rename(partial, to).catch(notKept);
    return to;
  } catch (error) {
    if (CrossmodalError.isInstance(error)) throw error;
    const reason = abort.signal.aborted ? abort.signal.reason : error;
    const cause = (reason as { cause?: unknown }).cause;
    const detail = cause instanceof Error ? ` (${cause.message})` : '';
    throw fail(`${reason instanceof Error ? reason.message : String(reason)}${detail}`, error);
  } finally {
    clearTimeout(timer);
    abort.abort();
    await rm(partial, { force: true });
  }
}
