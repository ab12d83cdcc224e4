import { createHash, type Hash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { notWritten } from '../../checkpoint/atomic-write.js';
import { CrossmodalError } from '../../errors.js';

/** One file of a model on the hub, as its list of files has it. */
export interface HubFile {
  readonly path: string;
  readonly size: number;
  /** SHA-256 of files in LFS; else the SHA-1 that git gives to the file. */
  readonly checksum: { readonly kind: 'sha256' | 'git'; readonly value: string };
}

export interface HubFileOptions {
  url: string;
  to: string;
  token: string | undefined;
  /** Milliseconds without a byte before a connection is given up. */
  timeout: number;
  /** Times that a broken connection is taken up again. */
  retries: number;
  progress: (received: number) => void;
}

/**
 * Fetches a file, and goes on where an earlier attempt ended. What has come lies under `to` with `.part` behind it until its
 * checksum is right; with another one it is removed.
 *
 * @throws CrossmodalError when the server refuses, the file does not come whole, or has another checksum
 */
export async function fetchHubFile(file: HubFile, options: HubFileOptions): Promise<void> {
  const { to, retries } = options;
  if ((await sizeOf(to)) === file.size) return;
  const part = `${to}.part`;
  await mkdir(dirname(to), { recursive: true }).catch(notKept(to));
  for (let attempt = 0; ; attempt++) {
    const before = (await sizeOf(part)) ?? 0;
    if (before > file.size) await rm(part, { force: true });
    else if (before === file.size && before > 0) break;
    const problem = await append(file, part, options);
    if (!problem) break;
    if (problem.final || attempt >= retries) {
      throw new CrossmodalError(`hubFolder: ${options.url}: ${problem.text}`, {
        remedy: problem.remedy ?? 'call again: what has come is kept, and the rest is fetched',
        cause: problem.cause,
      });
    }
    await pause(attempt);
  }
  try {
    await accept(file, part, options);
  } catch (error) {
    // Another process that fetches the same model may have been faster.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && (await sizeOf(to)) === file.size) return;
    throw error;
  }
}

/** What the disk refused; asking the hub again would not help. */
const notKept = (to: string) => (error: unknown) => {
  throw notWritten(`hubFolder: ${to}`, error);
};

/** Gives a whole file its name. @throws CrossmodalError when it has another checksum, and removes it */
async function accept(file: HubFile, part: string, options: HubFileOptions): Promise<void> {
  const actual = await checksumOf(part, file);
  if (actual !== file.checksum.value) {
    await rm(part, { force: true });
    throw new CrossmodalError(
      `hubFolder: ${options.url}: its checksum must be ${file.checksum.value}, got ${actual}; it was removed`,
      { remedy: 'call again; if it stays so, something between here and the hub changes the file' },
    );
  }
  await rename(part, options.to);
}

/** Why there is no answer, or none of use. */
export interface Problem {
  text: string;
  /** Asking again would give the same answer. */
  final: boolean;
  remedy?: string;
  cause?: unknown;
}

/** Before the next attempt: a quarter of a second, then twice as long each time, up to eight seconds. */
export const pause = (attempt: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Math.min(8000, 250 * 2 ** attempt)));

/** One connection: appends what comes to what is there. */
async function append(file: HubFile, part: string, options: HubFileOptions): Promise<Problem | undefined> {
  const { url, to, token, timeout, progress } = options;
  let have = (await sizeOf(part)) ?? 0;
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const alive = () => {
    clearTimeout(timer);
    timer = setTimeout(() => abort.abort(new Error(`nothing came for ${timeout} ms`)), timeout);
  };
  try {
    alive();
    const response = await fetch(url, {
      signal: abort.signal,
      headers: {
        // Else lengths are those of the packed file.
        'accept-encoding': 'identity',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(have > 0 ? { range: `bytes=${have}-` } : {}),
      },
    });
    if (!response.ok || !response.body) return refusal(response.status, response.statusText);
    // Some servers send the whole file whatever is asked for.
    if (response.status !== 206) have = 0;
    // Never cut to nothing: another process may be writing the same bytes at the same places, and goes on behind them.
    const handle = await open(part, constants.O_RDWR | constants.O_CREAT).catch(notKept(to));
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        alive();
        if (have + chunk.length > file.size) {
          return { text: `more than the ${file.size} bytes of the list of files came`, final: true };
        }
        for (let done = 0; done < chunk.length; ) {
          const write = handle.write(chunk, done, chunk.length - done, have + done);
          done += (await write.catch(notKept(to))).bytesWritten;
        }
        have += chunk.length;
        progress(have);
      }
      await handle.sync().catch(notKept(to));
    } finally {
      await handle.close();
    }
    if (have < file.size) return { text: `only ${have} of ${file.size} bytes came`, final: false };
    return undefined;
  } catch (error) {
    if (CrossmodalError.isInstance(error)) throw error; // the disk, not the connection
    const reason = abort.signal.aborted ? abort.signal.reason : error;
    const cause = (reason as { cause?: unknown }).cause;
    const detail = cause instanceof Error ? `: ${cause.message}` : '';
    return {
      text: `the connection broke after ${have} of ${file.size} bytes (${(reason as Error).message}${detail})`,
      final: false,
      cause: error,
    };
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

/** What an answer of the hub means; shared by its lists and its files. */
export function refusal(status: number, text = ''): Problem {
  const said = `the hub answered ${status}${text ? ` ${text}` : ''}`;
  if (status === 401 || status === 403) {
    return {
      text: `${said}: the model is private, gated, or does not exist`,
      final: true,
      remedy: 'check the name, accept the conditions of the model, and pass options.token or set HF_TOKEN',
    };
  }
  if (status === 404) {
    return {
      text: `${said}: there is no such model, revision or file`,
      final: true,
      remedy: 'check name and revision',
    };
  }
  // Too many requests, and what servers say while they are out of order.
  return { text: said, final: status < 500 && status !== 429, remedy: 'try again later, or use options.offline' };
}

async function sizeOf(path: string): Promise<number | undefined> {
  return stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

async function checksumOf(path: string, { size, checksum }: HubFile): Promise<string> {
  const hash: Hash = createHash(checksum.kind === 'git' ? 'sha1' : 'sha256');
  // Git hashes a header before the file.
  if (checksum.kind === 'git') hash.update(`blob ${size}\0`);
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
}
