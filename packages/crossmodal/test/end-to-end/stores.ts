import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from '../command.js';
import { makeIndex, type Workplace } from './workplace.js';

/** Whether the package of LanceDB is there for @crossmodal/search. */
function hasLance(): boolean {
  try {
    createRequire(createRequire(import.meta.url).resolve('@crossmodal/search/package.json')).resolve(
      '@lancedb/lancedb',
    );
    return true;
  } catch {
    return false;
  }
}

// Of a server that runs, e.g. `milvus-lite server --host 127.0.0.1 --port 19530 --data-dir DIR` of PyPI milvus-lite.
const milvus = process.env['MILVUS_ADDRESS'];

export function storesSuite(place: Workplace): void {
  const { root, data, model } = place;
  const answers = async (index: string) => {
    const { out, notes, code } = await run(['search', 'a red circle', '--index', index, '-k', '20', '--json']);
    expect(code, notes).toBe(0);
    return (JSON.parse(out) as { answers: { id: string; score: number }[] }).answers;
  };
  const indexed = async (index: string, store: string) => {
    const args = ['index', '--data', data, '--model', model, '--index', index, '--store', store, '--json'];
    const { out, notes, code } = await run(args);
    expect(code, notes).toBe(0);
    return JSON.parse(out) as { embedded: number; skipped: number; count: number };
  };

  describe.each([
    ['lancedb:', hasLance(), `lancedb:${join(root, 'vectors.lance')}`, 'the package @lancedb/lancedb'],
    ['milvus:', milvus !== undefined, `milvus:${milvus}`, 'MILVUS_ADDRESS'],
  ])('--store %s', (kind, there, store, needs) => {
    describe.skipIf(!there)(`needs ${needs}`, () => {
      beforeAll(() => makeIndex(place));
      const name = kind.slice(0, -1);

      it('answers as the files in the folder of the index do', async () => {
        const index = join(root, `index-${name}`);
        expect(await indexed(index, store)).toMatchObject({ embedded: 90, skipped: 0, count: 90 });
        expect(await indexed(index, store)).toMatchObject({ embedded: 0, skipped: 90, count: 90 });
        const [exact, found] = [await answers(place.index), await answers(index)];
        expect(found.map(({ score }) => score.toFixed(4))).toEqual(exact.map(({ score }) => score.toFixed(4)));
        expect(existsSync(join(index, 'vectors'))).toBe(false);
      });

      it('keeps two indexes in one place apart', async () => {
        const other = join(root, `other-${name}`);
        expect(await indexed(other, store)).toMatchObject({ embedded: 90, skipped: 0, count: 90 });
        const tables = [other, join(root, `index-${name}`)].map(
          (index) => (JSON.parse(readFileSync(join(index, 'index.json'), 'utf8')) as { table: string }).table,
        );
        expect(new Set(tables).size).toBe(2);
      });
    });
  });

  it('an index stays in its store', async () => {
    await makeIndex(place);
    const args = ['index', '--data', data, '--model', model, '--index', place.index, '--store', 'lancedb:elsewhere'];
    const { code, notes } = await run(args);
    expect(code).toBe(1);
    expect(notes).toContain('keeps its vectors in files, got lancedb:');
  });
}
