import { beforeAll, describe, expect, test } from 'vitest';
import { openMilvusStore } from '../../src/index.js';
import { freePort, program, startServer } from '../servers.js';
import { temporaryFolder } from '../temporary.js';
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

  test('an id must fit', async () => {
    const store = await openMilvusStore(address, { collection: 'long', dimension: 1 });
    await expect(store.upsert([{ id: '猫'.repeat(400), vector: [1] }])).rejects.toThrow('at most 1024 bytes, got 1200');
    await store.close();
  });
});

test('a Milvus server that does not answer is named, with the way to start one', async () => {
  const port = await freePort();
  await expect(openMilvusStore(`127.0.0.1:${port}`, { dimension: 2 })).rejects.toThrow(
    new RegExp(`no Milvus server answers at 127.0.0.1:${port}.*milvus-lite server`),
  );
}, 60_000);
