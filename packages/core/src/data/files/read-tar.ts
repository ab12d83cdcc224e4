import { createReadStream } from 'node:fs';
import { Parser, type ReadEntry } from 'tar';
import { fileError, readingError } from './file-error.js';

export interface TarMember {
  name: string;
  data: Uint8Array;
}

export interface TarLimits {
  /**
   * Bytes that one member may have.
   * @default 64 * 2 ** 20
   */
  maximumMember: number;
  /**
   * Members that one archive may have.
   * @default 10_000_000
   */
  maximumMembers: number;
}

/**
 * The files of a tar archive (also .tar.gz), in order. Nothing is written anywhere; folders are passed over.
 *
 * @throws CrossmodalError when the archive is damaged or cut short, a member is too large, is a link or a device, or has a
 * name that leads out of a folder.
 */
export async function* readTar(where: string, path: string, limits: TarLimits): AsyncGenerator<TarMember> {
  const ready: TarMember[] = [];
  let failure: unknown;
  let members = 0;
  let ended = false;
  const fail = (problem: string, remedy?: string, cause?: unknown) => {
    failure ??= fileError(where, path, problem, remedy, cause);
  };
  const onReadEntry = (entry: ReadEntry) => {
    const problem = memberProblem(entry, ++members, limits);
    if (problem) fail(...problem);
    const chunks: Uint8Array[] = [];
    if (failure === undefined && entry.type !== 'Directory') {
      entry.on('data', (chunk) => chunks.push(chunk as Uint8Array));
      entry.on('end', () => ready.push({ name: entry.path, data: joined(chunks) }));
    }
    entry.resume();
  };
  const parser = new Parser({ strict: true, onReadEntry });
  parser.on('error', (error: Error) =>
    fail(`is not a whole tar archive (${error.message})`, 'get the file again', error),
  );
  parser.on('ignoredEntry', (entry: ReadEntry) =>
    fail(`holds a member of a kind that is not read (${entry.type}) called ${JSON.stringify(entry.path)}`),
  );
  parser.on('eof', () => {
    ended = true;
  });
  const finished = new Promise<void>((resolve) => {
    parser.on('end', resolve);
    parser.on('abort', () => resolve());
    parser.on('error', () => resolve());
  });
  const stream = createReadStream(path);
  try {
    for await (const chunk of stream) {
      parser.write(chunk as Buffer);
      yield* ready.splice(0);
      if (failure !== undefined) throw failure;
    }
    parser.end();
    await finished;
    yield* ready.splice(0);
    if (!ended) fail('is cut short: the end mark is missing', 'get the file again');
    if (failure !== undefined) throw failure;
  } catch (error) {
    throw readingError(where, path, error);
  } finally {
    stream.destroy();
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function memberProblem(entry: ReadEntry, count: number, limits: TarLimits): [string, string?] | undefined {
  const name = JSON.stringify(entry.path.slice(0, 200));
  if (count > limits.maximumMembers) return [`has more than ${limits.maximumMembers} members`, 'raise maximumMembers'];
  if (entry.type === 'Directory') return undefined;
  if (entry.type !== 'File' && entry.type !== 'OldFile' && entry.type !== 'ContiguousFile') {
    const option = entry.type === 'Link' ? '--hard-dereference' : '--dereference';
    return [`member ${name} is a ${entry.type}, not a file`, `pack the files themselves (tar ${option})`];
  }
  if (entry.path.startsWith('/') || /^[a-z]:/i.test(entry.path) || entry.path.split(/[\\/]/).includes('..')) {
    return [`member ${name} leads out of the archive`, 'pack with relative names'];
  }
  if (entry.size > limits.maximumMember) {
    return [
      `member ${name} has ${entry.size} bytes, more than ${limits.maximumMember}`,
      'raise maximumMember if this is right',
    ];
  }
  return undefined;
}
