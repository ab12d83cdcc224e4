import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Header } from 'tar';
import { afterAll } from 'vitest';

/** A folder of the test's own, removed after it. */
export function temporaryFolder(): { path: string; write(name: string, content: string | Uint8Array): string } {
  const path = mkdtempSync(join(tmpdir(), 'crossmodal-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
  };
}

export interface TestMember {
  name: string;
  data?: string | Uint8Array;
  type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link' | 'CharacterDevice' | 'FIFO';
  link?: string;
  /** What the header says, when that is not the truth. */
  size?: number;
}

/** The bytes of a tar archive, with its end mark unless that is left out. */
export function tarBytes(members: readonly TestMember[], { end = true } = {}): Buffer {
  const parts = members.flatMap(({ name, data = '', type = 'File', link, size }) => {
    const body = Buffer.from(data);
    const header = new Header({
      path: name,
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: size ?? body.length,
      mtime: new Date(0),
      type,
      linkpath: link,
      uname: '',
      gname: '',
      devmaj: 0,
      devmin: 0,
    });
    header.encode();
    return [header.block as Buffer, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(end ? 1024 : 0)]);
}

/** What an iterable gives, as an array. */
export async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
