import { type AddressInfo, createServer } from 'node:net';
import { MilvusClient } from '@zilliz/milvus2-sdk-node';
import { beforeAll, describe, expect, test } from 'vitest';
import { openMilvusStore } from '../../src/index.js';
import { freePort, program, startServer } from '../servers.js';
import { temporaryFolder } from '../temporary.js';
import { itemsOf, randomVectors } from '../vectors.js';
import { conformance } from './conformance.js';
import { killWriter } from './kill.js';
import { openContender } from './open-contender.js';

// PyPI milvus-lite; MILVUS_LITE says where its command is, when the path does not.
const milvusLite = program('MILVUS_LITE', 'milvus-lite');

describe.skipIf(!milvusLite)('Milvus (needs milvus-lite of PyPI)', () => {
  let address = '';
  const folder = temporaryFolder();
  beforeAll(async () => {
    const port = await freePort();
    address = `127.0.0.1:${port}`;
    const args = ['server', '--host', '127.0.0.1', '--port', String(port), '--data-dir', folder];
    await startServer(milvusLite!, args, port);
  });

  conformance('a store in Milvus', {
    stays: true,
    exact: false,
    patience: 1_200_000, // Milvus Lite takes some 1,000 rows per second
    open: (name, options) => openContender('milvus', address, name, options),
    kill: (name, seed) => killWriter('milvus', address, name, seed),
  });

  test('a collection must be there, or be described', async () => {
    await expect(openMilvusStore(address, { collection: 'nothing' })).rejects.toThrow(/pass dimension to make one/);
    await expect(openMilvusStore(address, { collection: 'no-name', dimension: 2 })).rejects.toThrow(/letters, digits/);
  });

  test('HNSW, the index of a collection that is made without a word, finds nearly all', async () => {
    const store = await openMilvusStore(address, { collection: 'hnsw', dimension: 32, fields: { number: 'number' } });
    await store.upsert(itemsOf(randomVectors(3000, 32, 1)));
    const client = new MilvusClient({ address, logLevel: 'error' });
    const { index_descriptions: indices } = await client.describeIndex({ collection_name: 'hnsw' });
    await client.closeConnection();
    const parameters = Object.fromEntries(
      indices.flatMap(({ params }) => params).map(({ key, value }) => [key, value]),
    );
    expect(parameters).toMatchObject({ index_type: 'HNSW', metric_type: 'COSINE' });
    const queries = randomVectors(50, 32, 2);
    const { recall } = await store.recall(queries, { k: 10 });
    expect(recall).toBeGreaterThan(0.95);
    const narrow = { field: 'number', below: 100 };
    expect((await store.recall(queries, { k: 10, filter: narrow })).recall).toBeGreaterThan(0.9);
    const [hits] = await store.search(queries.slice(0, 1), { k: 5, filter: narrow });
    expect(hits!.every(({ metadata }) => (metadata['number'] as number) < 100)).toBe(true);
    await store.close();
  }, 120_000);

  test('an id must fit', async () => {
    const store = await openMilvusStore(address, { collection: 'long', dimension: 1 });
    await expect(store.upsert([{ id: '猫'.repeat(400), vector: [1] }])).rejects.toThrow('at most 1024 bytes, got 1200');
    await store.close();
  });
});

test.each([
  ['https://', 0x16], // the first byte of TLS
  ['http://', 'P'.charCodeAt(0)], // of HTTP/2: PRI * HTTP/2.0
  ['', 'P'.charCodeAt(0)],
])(
  'an address with %j is spoken to in its protocol',
  async (protocol, first) => {
    const bytes: number[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (data) => {
        bytes.push(data[0]!);
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await expect(openMilvusStore(`${protocol}127.0.0.1:${port}`, { dimension: 2, timeout: 1000 })).rejects.toThrow(
      /no Milvus server answers/,
    );
    server.close();
    expect(bytes[0]).toBe(first);
  },
  30_000,
);

test('a Milvus server that does not answer is named, with the way to start one', async () => {
  const port = await freePort();
  await expect(openMilvusStore(`127.0.0.1:${port}`, { dimension: 2 })).rejects.toThrow(
    new RegExp(`no Milvus server answers at 127.0.0.1:${port}.*milvus-lite server`),
  );
}, 60_000);
