import { mkdirSync, readFileSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { memoryStore } from '@crossmodal/search';
import { describe, expect, it } from 'vitest';
import { removeChanged, removeMissing, withStamps } from '../src/collection/changed-files.js';
import { type Collection, checkModel, findCollection, writeCollection } from '../src/collection/collection.js';
import type { Entry } from '../src/collection/entries.js';
import { newTable, openStore, storeAddress } from '../src/collection/open-store.js';
import { hostsOf } from '../src/commands/serve.js';
import { modelDigest } from '../src/model/model-digest.js';
import { temporaryFolder } from './temporary.js';

const root = temporaryFolder();

function modelFolder(name: string, files: Record<string, string>): string {
  const folder = join(root, name);
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
  return folder;
}
const files = { 'config.json': '{}', 'model.safetensors': 'weights', 'text/tokenizer.json': '{"a": 1}' };

describe('the digest of a model', () => {
  it('is that of what decides its vectors', async () => {
    const digest = await modelDigest(modelFolder('first', files));
    expect(digest).toMatch(/^[0-9a-f]{64}$/);
    const same = { ...files, 'README.md': 'a card', '.git/config': 'x', 'pytorch_model.bin': 'the same weights' };
    expect(await modelDigest(modelFolder('same', same))).toBe(digest);
    for (const [i, [name, content]] of [
      ['model.safetensors', 'weightz'],
      ['config.json', '{ }'],
      ['text/tokenizer.json', '{"a": 2}'],
      ['text/vocab.txt', 'new'],
    ].entries()) {
      const changed = modelFolder(`changed ${i}`, { ...files, [name as string]: content as string });
      expect(await modelDigest(changed), name).not.toBe(digest);
    }
    const old = { 'config.json': '{}', 'pytorch_model.bin': 'a' };
    const before = await modelDigest(modelFolder('old', old));
    expect(await modelDigest(modelFolder('old', { ...old, 'pytorch_model.bin': 'b' }))).not.toBe(before);
  });

  it('decides whether an index may be searched', async () => {
    const model = modelFolder('model', files);
    const collection: Collection = {
      format: 'crossmodal index',
      version: 1,
      model,
      modelSha256: await modelDigest(model),
      modalities: ['image', 'text'],
      dimension: 2,
      roots: [],
    };
    const index = join(root, 'index');
    await writeCollection(index, collection);
    expect(await findCollection(index)).toEqual(collection);
    await checkModel('search', collection);
    writeFileSync(join(model, 'model.safetensors'), 'trained again');
    await expect(checkModel('search', collection)).rejects.toThrow(
      /^search: the model in .*model is not the one that the index was made with; make a new index/,
    );
    renameSync(model, `${model}-moved`);
    await expect(checkModel('search', collection)).rejects.toThrow(/does not exist/);
    const { modelSha256: _, ...without } = JSON.parse(readFileSync(join(index, 'index.json'), 'utf8'));
    writeFileSync(join(index, 'index.json'), JSON.stringify(without));
    await expect(findCollection(index)).rejects.toThrow(/is no index that this version reads/);
  });
});

describe('the store of an index', () => {
  it.each([
    ['lancedb:vectors', `lancedb:${resolve('vectors')}`],
    [`lancedb:${resolve('/vectors')}`, `lancedb:${resolve('/vectors')}`],
    ['lancedb:s3://bucket/vectors', 'lancedb:s3://bucket/vectors'],
    ['milvus:127.0.0.1:19530', 'milvus:127.0.0.1:19530'],
    ['milvus:https://example.org:443', 'milvus:https://example.org:443'],
  ])('%s is kept as %s', (store, address) => {
    expect(storeAddress(store)).toBe(address);
  });

  it.each(['lancedb', 'lancedb:', 'milvus:', 'faiss:x', ''])('%j is refused', (store) => {
    expect(() => storeAddress(store)).toThrow('--store must be lancedb:DIR or milvus:URL');
  });

  it('has a table of its own, whatever its folder is called', async () => {
    const names = ['photos', 'photos', 'a/ü ö', '/', 'x'.repeat(300)].map(newTable);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^crossmodal_[A-Za-z0-9_]{1,60}$/);
    await expect(openStore({ store: 'lancedb:x' }, { folder: 'photos' })).rejects.toThrow(/names no table/);
  });
});

describe('files that changed under the same name', () => {
  const folder = join(root, 'changing');
  mkdirSync(folder);
  const entryOf = (name: string): Entry => ({
    id: name,
    kind: 'image',
    content: join(folder, name),
    metadata: { kind: 'image', root: 0 },
  });
  const write = (name: string, content: string, seconds: number) => {
    writeFileSync(join(folder, name), content);
    utimesSync(join(folder, name), seconds, seconds);
  };
  const entries = ['a.png', 'b.png', 'c.png'].map(entryOf);
  const text: Entry = { id: 'text', kind: 'text', content: 'a', metadata: { kind: 'text', root: 0 } };
  const filled = async () => {
    for (const name of ['a.png', 'b.png', 'c.png']) write(name, 'first', 1000);
    const store = memoryStore({ dimension: 1, fields: { kind: 'string' } });
    const stamped = await withStamps([...entries, text]);
    await store.upsert(stamped.map(({ id, metadata }) => ({ id, vector: [1], metadata })));
    return store;
  };

  it('are removed, by their size or their time, and no others', async () => {
    const store = await filled();
    expect(await removeChanged(store, await withStamps([...entries, text]))).toBe(0);
    write('a.png', 'longer than first', 1000);
    write('b.png', 'other', 2000);
    expect(await removeChanged(store, await withStamps([...entries, text]))).toBe(2);
    expect(await store.get(['a.png', 'b.png', 'c.png', 'text'])).toMatchObject([
      undefined,
      undefined,
      { id: 'c.png' },
      { id: 'text' },
    ]);
  });

  it('are unknown to an index without stamps, and to one whose files are gone', async () => {
    const store = await filled();
    await store.upsert([{ id: 'a.png', vector: [1], metadata: { kind: 'image', root: 0 } }]);
    write('a.png', 'another one', 3000);
    const gone = entryOf('gone.png');
    await store.upsert([{ id: 'gone.png', vector: [1], metadata: { bytes: 5, modified: 1 } }]);
    expect(await removeChanged(store, await withStamps([...entries, gone]))).toBe(0);
  });

  it('what is no longer in the data is removed for that folder alone', async () => {
    const store = await filled();
    await store.upsert([{ id: 'elsewhere', vector: [1], metadata: { kind: 'image', root: 1 } }]);
    expect(await removeMissing(store, [entries[0] as Entry], 0)).toBe(3);
    expect(await store.count()).toBe(2);
  });
});

describe('names that the server answers to', () => {
  it('are those of loopback, and those that are allowed', () => {
    expect(hostsOf('127.0.0.1', []).hosts?.has('localhost')).toBe(true);
    expect(hostsOf('127.0.0.1', []).hosts?.has('photos.example.org')).toBe(false);
    expect(hostsOf('127.0.0.1', ['Photos.Example.org']).hosts?.has('photos.example.org')).toBe(true);
    expect(hostsOf('0.0.0.0', [])).toEqual({});
    expect(hostsOf('0.0.0.0', ['photos.example.org']).hosts?.has('rebound.example')).toBe(false);
  });
});
