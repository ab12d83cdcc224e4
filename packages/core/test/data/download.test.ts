import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataFolder, download } from '../../src/data/index.js';
import { temporaryFolder } from './temporary.js';

const folder = temporaryFolder();
const content = Buffer.from('the right content '.repeat(10_000));
const sha256 = createHash('sha256').update(content).digest('hex');

let server: Server;
let base: string;
let requests = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    requests++;
    const { url } = request;
    if (url === '/good') response.end(content);
    else if (url === '/moved') response.writeHead(302, { location: '/good' }).end();
    else if (url === '/other') response.end('something else');
    else if (url === '/cut') {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 5000), () => response.destroy());
    } else if (url === '/slow') response.write('a little, and then nothing');
    else if (url === '/endless') {
      const more = () => {
        while (response.writable && response.write(content));
        response.once('drain', more);
      };
      more();
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

describe('download', () => {
  it('fetches, checks, and does not fetch again', async () => {
    const to = join(folder.path, 'deep/er/file.bin');
    const progress: number[] = [];
    expect(
      await download(`${base}/moved`, {
        to,
        sha256: sha256.toUpperCase(),
        progress: (received) => progress.push(received),
      }),
    ).toBe(to);
    expect(readFileSync(to)).toEqual(content);
    expect(progress.at(-1)).toBe(content.length);
    const before = requests;
    await download(`${base}/good`, { to, sha256 });
    expect(requests).toBe(before);
    writeFileSync(to, 'tampered with');
    await download(`${base}/good`, { to, sha256 });
    expect(readFileSync(to)).toEqual(content);
    expect(readdirSync(join(folder.path, 'deep/er'))).toEqual(['file.bin']);
  });

  it.each<[string, object, RegExp]>([
    [
      '/other',
      {},
      /\/other: has SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64} \(14 bytes came\); fetch the file by other means and put it at .*x\.bin/,
    ],
    ['/none', {}, /the server answered 404 Not Found/],
    ['/cut', {}, /\/cut: /],
    ['/slow', { timeout: 200 }, /nothing came for 200 ms/],
    ['/endless', { maximum: 1_000_000 }, /has more than 1000000 bytes/],
    ['/good', { maximum: 10 }, /has (more than )?\d+ bytes/],
    ['/good', { sha256: 'abc' }, /64 hexadecimal digits, got "abc"/],
  ])('refuses %s %o and leaves nothing behind', async (path, options, message) => {
    const to = join(folder.path, 'refused/x.bin');
    await expect(download(`${base}${path}`, { to, sha256, ...options })).rejects.toThrow(message);
    expect(existsSync(to)).toBe(false);
    if (existsSync(join(folder.path, 'refused'))) expect(readdirSync(join(folder.path, 'refused'))).toEqual([]);
  });

  it('says so when nobody answers, or when the address is none', async () => {
    const to = join(folder.path, 'refused/x.bin');
    await expect(download('http://127.0.0.1:1/x', { to, sha256 })).rejects.toThrow(
      /127\.0\.0\.1:1\/x: .*; fetch the file by other means/,
    );
    await expect(download('not an address', { to, sha256 })).rejects.toThrow(/not an address: /);
  });
});

describe('dataFolder', () => {
  it('finds a set under --data, or under CROSSMODAL_DATA', () => {
    folder.write('data/mnist/x', '');
    const root = join(folder.path, 'data');
    expect(dataFolder('mnist', { data: root, environment: {} })).toBe(join(root, 'mnist'));
    expect(dataFolder('mnist', { environment: { CROSSMODAL_DATA: root } })).toBe(join(root, 'mnist'));
    expect(dataFolder('mnist', { data: root, environment: { CROSSMODAL_DATA: '/elsewhere' } })).toBe(
      join(root, 'mnist'),
    );
  });

  it('says what to do when it does not', () => {
    expect(() => dataFolder('mnist', { environment: {} })).toThrow(
      /"mnist" needs a folder.*pass --data DIR, or set CROSSMODAL_DATA=DIR, to the folder that holds mnist\/ \(from https:.*ossci-datasets.*: the four/,
    );
    expect(() => dataFolder('fsdd', { data: folder.path, environment: {} })).toThrow(
      /fsdd does not exist; --data is .*: put fsdd\/ there.* \(from https:\/\/github.com\/Jakobovski\/free-spoken-digit-dataset: recordings\/ to fsdd/,
    );
    expect(() => dataFolder('fsdd', { environment: { CROSSMODAL_DATA: folder.path } })).toThrow(/CROSSMODAL_DATA is/);
  });
});
