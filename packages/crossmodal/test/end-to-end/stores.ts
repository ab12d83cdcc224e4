import { cpSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { freePort, program, startServer } from '../../../search/test/servers.js';
import { runCommandLine } from '../../src/cli/command-line.js';
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

// PyPI milvus-lite; MILVUS_LITE says where its command is, when the path does not. MILVUS_ADDRESS: of a server that runs.
const milvusLite = program('MILVUS_LITE', 'milvus-lite');
const { MILVUS_ADDRESS: running } = process.env;

/** The address of the server that runs, or of one that is started for these tests. */
async function milvusAddress(folder: string): Promise<string> {
  if (running !== undefined) return running;
  const port = await freePort();
  const args = ['server', '--host', '127.0.0.1', '--port', String(port), '--data-dir', folder];
  await startServer(milvusLite as string, args, port);
  return `http://127.0.0.1:${port}`;
}

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

  const itFollowsTheData = (name: string, more: () => string[]) =>
    it('adds what is new, embeds again what changed, and removes what is gone', async () => {
      const [copy, index] = [join(root, `copy-${name}`), join(root, `changing-${name}`)];
      cpSync(data, copy, { recursive: true });
      const args = ['index', '--data', copy, '--model', model, '--index', index, ...more(), '--json'];
      const again = async (others: string[] = []) => {
        const { out, notes, code } = await run([...args, ...others]);
        expect(code, notes).toBe(0);
        return JSON.parse(out) as object;
      };
      expect(await again()).toMatchObject({ embedded: 90, changed: 0, count: 90 });
      cpSync(join(copy, 'media/blue-square-0.png'), join(copy, 'media/red-circle-0.png'));
      utimesSync(join(copy, 'media/red-circle-0.png'), 1000, 1000);
      expect(await again()).toMatchObject({ embedded: 1, skipped: 89, changed: 1, count: 90 });
      const blue = join(copy, 'media/blue-square-0.png');
      const { out } = await run(['search', '--image', blue, '--index', index, '--kind', 'image', '-k', '2', '--json']);
      const files = (JSON.parse(out) as { answers: { file: string }[] }).answers.map(({ file }) => file);
      expect(files.sort()).toEqual(['blue-square-0.png', 'red-circle-0.png']);
      const table = readFileSync(join(copy, 'shapes.csv'), 'utf8');
      writeFileSync(join(copy, 'shapes.csv'), table.replace(/^red-circle-0.*\n/m, ''));
      expect(await again()).toMatchObject({ embedded: 0, pruned: 0, count: 90 });
      expect(await again(['--prune'])).toMatchObject({ embedded: 0, pruned: 2, count: 88 });
    });

  describe('files', () => {
    beforeAll(() => makeIndex(place));
    itFollowsTheData('files', () => []);
  });

  describe.each([
    ['lancedb', hasLance(), 'the package @lancedb/lancedb', async () => `lancedb:${join(root, 'vectors.lance')}`],
    [
      'milvus',
      milvusLite !== undefined || running !== undefined,
      'milvus-lite of PyPI',
      async () => `milvus:${await milvusAddress(join(root, 'milvus'))}`,
    ],
  ])('--store %s:', (name, there, needs, open) => {
    describe.skipIf(!there)(`needs ${needs}`, () => {
      let store = '';
      beforeAll(async () => {
        await makeIndex(place);
        store = await open();
      }, 120_000);

      it('answers as the files in the folder of the index do', async () => {
        const index = join(root, `index-${name}`);
        expect(await indexed(index, store)).toMatchObject({ embedded: 90, skipped: 0, count: 90 });
        expect(await indexed(index, store)).toMatchObject({ embedded: 0, skipped: 90, count: 90 });
        const [exact, found] = [await answers(place.index), await answers(index)];
        expect(found.map(({ score }) => score.toFixed(4))).toEqual(exact.map(({ score }) => score.toFixed(4)));
        expect(existsSync(join(index, 'vectors'))).toBe(false);
      });

      it('is served: the page and the API over it', async () => {
        const stop = new AbortController();
        const notes: string[] = [];
        let served: Promise<number> = Promise.resolve(0);
        const url = new Promise<string>((resolve, reject) => {
          const args = ['serve', '--index', join(root, `index-${name}`), '--port', '0', '--json'];
          const terminal = {
            out: (text: string) => resolve((JSON.parse(text) as { url: string }).url),
            note: (text: string) => void notes.push(text),
            bar: () => ({ update() {}, stop() {} }),
          };
          served = runCommandLine(args, { terminal, signal: stop.signal });
          served.then(() => reject(new Error(notes.join(' '))));
        });
        const ask = async (path: string) => (await fetch(new URL(path, await url))).json();
        const info = (await ask('api/info')) as { items: number };
        expect(info.items).toBe(90);
        const { answers: found } = (await ask('api/search?words=a+red+circle&kind=image&k=3')) as {
          answers: { id: string; file: string }[];
        };
        for (const { file } of found) expect(file).toMatch(/^red-/);
        const like = (await ask(`api/search?like=${found[0]?.id}&kind=image&k=2`)) as { answers: { id: string }[] };
        expect(like.answers.map(({ id }) => id)).not.toContain(found[0]?.id);
        stop.abort();
        expect(await served).toBe(130);
      });

      itFollowsTheData(name, () => ['--store', store]);

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
