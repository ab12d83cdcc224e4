import { readFile as readFileWithCallback } from 'node:fs';
import { promisify } from 'node:util';
import { CrossmodalError } from '@crossmodal/core';

/** Takes the calling thread half as long as the one of `node:fs/promises`, which makes an object of the open file. */
const readFile = promisify(readFileWithCallback);

/** The bytes of a picture and a name for messages. @throws CrossmodalError naming the file, when it cannot be read or is empty. */
export async function readSource(source: string | Uint8Array): Promise<{ bytes: Uint8Array; name: string }> {
  const name = typeof source === 'string' ? source : `the given ${source.length} bytes`;
  const bytes =
    typeof source === 'string' ? await readFile(source).catch((cause) => unreadable(source, cause)) : source;
  if (bytes.length === 0) {
    throw new CrossmodalError(`decodeImage: ${name === source ? name : 'the given image'} is empty (0 bytes)`, {
      remedy: 'write the file again, or leave it out',
    });
  }
  return { bytes, name };
}

function unreadable(path: string, cause: NodeJS.ErrnoException): never {
  const { code } = cause;
  const what = code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a folder' : `cannot be read (${code})`;
  throw new CrossmodalError(`decodeImage: ${path} ${what}`, {
    remedy: 'check the path; it is relative to the working directory',
    cause,
  });
}
