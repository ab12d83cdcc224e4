import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cachedModels, hubFolder, openFolder } from '../../src/models/index.js';

const commit = 'a'.repeat(40);
const weights = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31) % 251));
const contents: Record<string, Buffer> = {
  'config.json': Buffer.from('{"model_type": "bert"}\n'),
  'model.safetensors': weights,
  '1_Pooling/config.json': Buffer.from('{}'),
  'pytorch_model.bin': Buffer.from('an older copy'),
  'onnx/model.onnx': Buffer.from('another format'),
  '.gitattributes': Buffer.from('hidden'),
};

const gitChecksum = (bytes: Buffer) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
const entryOf = (path: string, bytes: Buffer) => ({
  type: 'file',
  path,
  size: bytes.length,
  oid: gitChecksum(bytes),
  ...(path.endsWith('.safetensors')
    ? { lfs: { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 130 } }
    : {}),
});

/** What a test may change of the hub. */
interface Manners {
  status?: (url: string) => number | undefined;
  list?: (entries: object[]) => object[];
  send?: (request: IncomingMessage, response: ServerResponse, bytes: Buffer) => boolean;
}

let manners: Manners = {};
let asked: { url: string; range?: string; authorization?: string }[] = [];
const server = createServer((request, response) => {
  const url = decodeURIComponent(request.url!);
  const { range, authorization } = request.headers;
  asked.push({ url, ...(range ? { range } : {}), ...(authorization ? { authorization } : {}) });
  const status = manners.status?.(url);
  if (status) return void response.writeHead(status).end('{"error": "no"}');
  const json = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
  if (url.startsWith('/api/models/org/tiny/revision/')) return void json({ id: 'org/tiny', _id: '1', sha: commit });
  if (url.startsWith(`/api/models/org/tiny/tree/${commit}`)) {
    const entries = Object.entries(contents).map(([path, bytes]) => entryOf(path, bytes));
    return void json([
      { type: 'directory', path: '1_Pooling', size: 0, oid: '' },
      ...(manners.list?.(entries) ?? entries),
    ]);
  }
  const bytes = contents[url.replace(`/org/tiny/resolve/${commit}/`, '')];
  if (!bytes) return void response.writeHead(404).end();
  if (manners.send?.(request, response, bytes)) return;
  const begin = range ? Number(/bytes=(\d+)-/.exec(range)![1]) : 0;
  response.writeHead(begin > 0 ? 206 : 200, { 'content-length': bytes.length - begin }).end(bytes.subarray(begin));
});

let cacheFolder: string;
let endpoint: string;
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => void server.close());
beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'hub-'));
  manners = {};
  asked = [];
});
afterEach(() => rmSync(cacheFolder, { recursive: true, force: true }));

const get = (options: Parameters<typeof hubFolder>[1] = {}) =>
  hubFolder('org/tiny', { endpoint, cacheFolder, retries: 1, ...options });
/** Names in the cache that somebody could take for a model. */
const visible = () => {
  const names = readdirSync(join(cacheFolder, 'org--tiny'), { withFileTypes: true });
  return names.map(({ name }) => name).filter((name) => !name.startsWith('.'));
};
/** Sends the first half and breaks the connection, each time. */
const half: Manners['send'] = (request, response, bytes) => {
  if (bytes !== weights) return false;
  if (request.headers.range) return response.destroy() !== undefined;
  response.writeHead(200, { 'content-length': bytes.length });
  response.write(bytes.subarray(0, bytes.length / 2), () => setTimeout(() => response.destroy(), 20));
  return true;
};

describe('hubFolder', () => {
  it('fetches what encoders can use, once', async () => {
    const states: number[] = [];
    const folder = await get({
      token: 'secret',
      progress: ({ path, received }) => path.startsWith('model') && states.push(received),
    });
    const files = await openFolder(folder);
    expect([...files.keys()].sort()).toEqual(['1_Pooling/config.json', 'config.json', 'model.safetensors']);
    expect(weights.equals(await files.get('model.safetensors')!.read())).toBe(true);
    expect(states.at(-1)).toBe(weights.length);
    expect(asked.every(({ authorization }) => authorization === 'Bearer secret')).toBe(true);
    asked = [];
    expect(await get()).toBe(folder);
    expect(asked).toHaveLength(1); // which commit main is now
    expect(await get({ revision: commit })).toBe(folder);
    expect(asked).toHaveLength(1);
    expect(await get({ offline: true })).toBe(folder);
    expect(await get({ offline: true, revision: commit })).toBe(folder);
    expect(asked).toHaveLength(1);
    await expect(get({ offline: true, revision: 'v2' })).rejects.toThrow(
      /org\/tiny at v2 is not in the cache .*offline/,
    );
  });

  it('lists what was fetched, and nothing that did not come whole', async () => {
    expect(await cachedModels({ cacheFolder })).toEqual([]);
    expect(await cachedModels({ cacheFolder: join(cacheFolder, 'nowhere') })).toEqual([]);
    const folder = await get();
    const chosen = await get({ files: (path) => path === 'config.json' });
    manners.send = half;
    await get({ cacheFolder: join(cacheFolder, 'other') }).catch(() => {});
    const whole = { name: 'org/tiny', commit };
    expect(await cachedModels({ cacheFolder })).toEqual([
      { ...whole, folder },
      { ...whole, folder: chosen },
    ]);
    expect(await cachedModels({ cacheFolder: join(cacheFolder, 'other') })).toEqual([]);
    await expect(cachedModels({ folder } as never)).rejects.toThrow(/cacheFolder/);
  });

  it('takes a pickled checkpoint where there is nothing else, and what the caller chooses', async () => {
    manners.list = (entries) => entries.filter((entry) => !(entry as { path: string }).path.endsWith('.safetensors'));
    expect(readdirSync(await get())).toContain('pytorch_model.bin');
    await expect(get({ revision: 'v2', files: () => false, cacheFolder: join(cacheFolder, 'b') })).rejects.toThrow(
      /none of the 5 files/,
    );
    const own = await get({ files: (path) => path.startsWith('onnx/'), cacheFolder: join(cacheFolder, 'c') });
    expect(readdirSync(own)).toEqual(['onnx']);
  });

  it('has a folder for each choice of files, with and without a network', async () => {
    const choices = [(path: string) => path === 'config.json', (path: string) => path.endsWith('.json'), undefined];
    const names = [['config.json'], ['1_Pooling', 'config.json'], ['1_Pooling', 'config.json', 'model.safetensors']];
    const folders: string[] = [];
    for (const [i, files] of choices.entries()) {
      await expect(get({ offline: true, ...(files ? { files } : {}) })).rejects.toThrow(/not in the cache/);
      const folder = await get(files ? { files } : {});
      expect(readdirSync(folder).sort()).toEqual(names[i]);
      folders.push(folder);
    }
    expect(new Set(folders).size).toBe(3);
    asked = [];
    for (const [i, files] of choices.entries()) {
      const own = files ? { files } : {};
      expect(await get({ ...own, offline: true })).toBe(folders[i]);
      expect(await get({ ...own, revision: commit })).toBe(folders[i]);
    }
    expect(asked).toEqual([]);
  });

  it('takes a file that another process finished first', async () => {
    const folder = await get({
      progress: ({ path, received, size }) => {
        if (path !== 'model.safetensors' || received < size) return;
        const part = join(cacheFolder, 'org--tiny', `.partial-${commit}`, path);
        writeFileSync(part, weights);
        rmSync(`${part}.part`);
      },
    });
    expect(readFileSync(join(folder, 'model.safetensors')).equals(weights)).toBe(true);
  });

  it('may be called by several at once, whoever is faster', async () => {
    let connections = 0;
    manners.send = (request, response, bytes) => {
      if (bytes !== weights) return false;
      const begin = Number(/bytes=(\d+)-/.exec(request.headers.range ?? 'bytes=0-')![1]);
      response.writeHead(begin > 0 ? 206 : 200, { 'content-length': bytes.length - begin });
      const wait = [5, 1, 8][connections++ % 3]!;
      const send = (at: number): void => {
        if (at >= bytes.length) return void response.end();
        response.write(bytes.subarray(at, at + 30_000), () => setTimeout(() => send(at + 30_000), wait));
      };
      send(begin);
      return true;
    };
    const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms)).then(() => get());
    const folders = await Promise.all([get(), get(), get(), later(10), later(25), later(40)]);
    expect(new Set(folders).size).toBe(1);
    expect(readFileSync(join(folders[0]!, 'model.safetensors')).equals(weights)).toBe(true);
    expect(readdirSync(join(cacheFolder, 'org--tiny')).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('goes on where a connection broke, within a call and in the next one', async () => {
    manners.send = half;
    const broken: Error = await get().then(
      () => expect.unreachable(),
      (error: Error) => error,
    );
    // The last of what was sent may be lost with the connection.
    const [, arrived] = /(?:connection broke after|only) (\d+) of 300000/.exec(broken.message)!;
    expect(Number(arrived)).toBeGreaterThan(0);
    expect(visible()).toEqual([]);
    asked = [];
    manners = {};
    expect(readFileSync(join(await get(), 'model.safetensors')).equals(weights)).toBe(true);
    expect(asked.filter(({ url }) => url.includes('resolve')).map(({ range }) => range)).toContain(`bytes=${arrived}-`);
    expect(asked.some(({ url }) => url.endsWith('/config.json') && !url.includes('Pooling'))).toBe(false);
    manners.send = (request, response, bytes) => !request.headers.range && half(request, response, bytes);
    const second = await get({ cacheFolder: join(cacheFolder, 'second') });
    expect(readFileSync(join(second, 'model.safetensors')).equals(weights)).toBe(true);
  });

  it('begins anew where a server knows no ranges', async () => {
    manners.send = half;
    await expect(get()).rejects.toThrow(/\d+ of 300000/); // the last of what was sent may be lost with the connection
    manners.send = (_request, response, bytes) => void response.writeHead(200).end(bytes) === undefined;
    expect(readFileSync(join(await get(), 'model.safetensors')).equals(weights)).toBe(true);
  });

  it('removes a file with another checksum, and says so', async () => {
    manners.send = (_request, response, bytes) =>
      bytes === weights && void response.end(Buffer.alloc(weights.length, 7)) === undefined;
    await expect(get()).rejects.toThrow(/model\.safetensors: its checksum must be [0-9a-f]{64}, got [0-9a-f]{64}/);
    expect(visible()).toEqual([]);
    expect(readdirSync(join(cacheFolder, 'org--tiny', `.partial-${commit}`))).not.toContain('model.safetensors.part');
    manners.send = (_request, response, bytes) =>
      bytes !== weights && void response.end(bytes.map((b) => b ^ 1)) === undefined;
    await expect(get({ cacheFolder: join(cacheFolder, 'b') })).rejects.toThrow(/checksum must be [0-9a-f]{40}/);
    manners = {};
    expect(readFileSync(join(await get(), 'model.safetensors')).equals(weights)).toBe(true);
  });

  it.each([
    [401, /private, gated, or does not exist.*token/s],
    [403, /answered 403/],
    [404, /there is no such model, revision or file/],
    [500, /answered 500.*try again later/s],
  ])('says what %i means, in its lists and in its files', async (status, message) => {
    manners.status = () => status;
    const failure = await get().catch((error) => `${error.message} ${error.remedy}`);
    expect(failure).toMatch(message);
    manners.status = (url) => (url.includes('/resolve/') ? status : undefined);
    expect(await get().catch((error) => `${error.message} ${error.remedy}`)).toMatch(message);
    expect(visible()).toEqual([]);
    const tries = asked.filter(({ url }) => url.includes('/resolve/')).length;
    expect(tries).toBe(status === 500 ? 2 : 1); // an answer that stays the same is not asked for again
  });

  it('gives up a server that is silent, or says more than its list', async () => {
    manners.send = () => true;
    await expect(get({ timeout: 60 })).rejects.toThrow(/nothing came for 60 ms/);
    manners.send = (_request, response, bytes) => void response.end(Buffer.concat([bytes, bytes])) === undefined;
    await expect(get()).rejects.toThrow(/more than the \d+ bytes of the list/);
    await expect(get({ endpoint: 'http://127.0.0.1:9' })).rejects.toThrow(/does not answer.*/);
    expect(visible()).toEqual([]);
  });

  it('writes nothing outside of its cache', async () => {
    const bytes = Buffer.from('x');
    for (const path of ['../../escape.json', '/escape.json', 'a\\b.json', 'a/../../b.json']) {
      manners.list = () => [entryOf(path, bytes)];
      await expect(get()).rejects.toThrow(/name leads elsewhere/);
    }
    await expect(hubFolder('../up', { cacheFolder, endpoint })).rejects.toThrow(/name must be/);
    await expect(get({ revision: '../up' })).rejects.toThrow(/revision must be/);
    await expect(get({ revison: 'main' } as never)).rejects.toThrow(/did you mean 'revision'/);
    manners.list = () => [{ type: 'file', path: 'config.json', size: 3 }];
    await expect(get()).rejects.toThrow(/no checksum or size/);
  });
});
