import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useDevice } from '../../src/device/index.js';
import {
  CrossmodalError,
  loadSavedModel,
  loadWeights,
  type ModelFiles,
  memoryFile,
  modelFiles,
  openWeights,
  readJson,
  savedModelFiles,
} from '../../src/index.js';
import { floatKeys, jsonText } from '../../src/model-files/json-floats.js';
import { openFolder, saveFolder } from '../../src/models/index.js';
import { version } from '../../src/version.js';

let root: string;
let path: string;
let count = 0;
beforeAll(async () => {
  await useDevice('js');
  root = await mkdtemp(join(tmpdir(), 'crossmodal-folders-'));
});
beforeEach(() => {
  count++;
  path = join(root, `model-${count}`);
});
afterAll(() => rm(root, { recursive: true, force: true }));

const file = (text: string) => memoryFile(text, { label: 'here' });
const textOf = async (files: ModelFiles, name: string) => new TextDecoder().decode(await files.get(name)!.read());
const messageOf = (promise: Promise<unknown>) =>
  promise.then(
    () => 'nothing was thrown',
    (error: unknown) => {
      expect(CrossmodalError.isInstance(error), String(error)).toBe(true);
      return (error as Error).message;
    },
  );

describe('openFolder', () => {
  it('lists files of subfolders, without hidden ones, and reads parts of them', async () => {
    await mkdir(join(path, '1_Pooling'), { recursive: true });
    await writeFile(join(path, 'config.json'), '{"a":1}');
    await writeFile(join(path, '1_Pooling', 'config.json'), '0123456789');
    await writeFile(join(path, '.secret'), 'x');
    const files = await openFolder(path);
    expect([...files.keys()].sort()).toEqual(['1_Pooling/config.json', 'config.json']);
    expect(new TextDecoder().decode(await files.get('1_Pooling/config.json')!.read(3, 6))).toBe('345');
    expect(await readJson(files, 'config.json')).toEqual({ a: 1 });
  });

  it('refuses a symbolic link out of the folder, and follows one within it', async () => {
    await mkdir(path);
    await writeFile(join(root, 'outside.json'), '{}');
    await writeFile(join(path, 'a.json'), '{}');
    await symlink('a.json', join(path, 'b.json'));
    expect([...(await openFolder(path)).keys()]).toEqual(['a.json', 'b.json']);
    await symlink(join(root, 'outside.json'), join(path, 'c.json'));
    expect(await messageOf(openFolder(path))).toMatch(
      /c\.json is a symbolic link out of the folder, to .*outside\.json/,
    );
    expect((await openFolder(path, { links: 'anywhere' })).size).toBe(3);
    await rm(join(path, 'c.json'));
    await mkdir(join(path, 'pooling'));
    await writeFile(join(path, 'pooling', 'config.json'), '{}');
    await symlink('pooling', join(path, '1_Pooling'));
    await symlink('..', join(path, 'pooling', 'around'));
    const linked = await openFolder(path);
    expect([...linked.keys()]).toEqual(['1_Pooling/config.json', 'a.json', 'b.json', 'pooling/config.json']);
    await mkdir(join(root, 'outside'));
    await writeFile(join(root, 'outside', 'd.json'), '{}');
    await symlink(join(root, 'outside'), join(path, 'out'));
    await expect(openFolder(path)).rejects.toThrow(/out is a symbolic link out of the folder/);
    expect((await openFolder(path, { links: 'anywhere' })).has('out/d.json')).toBe(true);
  });

  it('says what is there instead of a folder', async () => {
    expect(await messageOf(openFolder(path))).toMatch(/model-\d+ does not exist; give the path of the folder/);
    await writeFile(path, 'x');
    expect(await messageOf(openFolder(path))).toMatch(/is not a folder; give the folder that the file lies in/);
  });
});

describe('saveFolder', () => {
  it('writes all files, and replaces an earlier model as a whole', async () => {
    await saveFolder(
      path,
      new Map([
        ['config.json', file('{}')],
        ['old.txt', file('old')],
      ]),
    );
    await saveFolder(
      path,
      new Map([
        ['config.json', file('{"a":2}')],
        ['part/new.txt', file('new')],
      ]),
    );
    expect((await readdir(path)).sort()).toEqual(['config.json', 'part']);
    expect(await readFile(join(path, 'part', 'new.txt'), 'utf8')).toBe('new');
    expect((await readdir(root)).filter((name) => name.startsWith('.writing'))).toEqual([]);
  });

  it('leaves what was there when writing fails', async () => {
    await saveFolder(path, new Map([['config.json', file('{"a":1}')]]));
    const broken = { label: 'broken', size: 10, read: () => Promise.reject(new Error('the disk is gone')) };
    await expect(
      saveFolder(
        path,
        new Map([
          ['config.json', file('{}')],
          ['b', broken],
        ]),
      ),
    ).rejects.toThrow('the disk is gone');
    expect(await readFile(join(path, 'config.json'), 'utf8')).toBe('{"a":1}');
    expect((await readdir(root)).filter((name) => name.startsWith('.writing'))).toEqual([]);
  });

  it('touches no folder that holds no model, and writes no file outside', async () => {
    await mkdir(path);
    await writeFile(join(path, 'diary.txt'), 'x');
    expect(await messageOf(saveFolder(path, new Map([['config.json', file('{}')]])))).toMatch(
      /holds 1 files and no config\.json: it is not a model that could be replaced/,
    );
    for (const name of ['../x', '/x', 'a//b', 'a\\b', '.']) {
      expect(await messageOf(saveFolder(join(root, 'new'), new Map([[name, file('')]])))).toMatch(
        /plain relative name/,
      );
    }
  });
});

describe('openWeights and loadWeights', () => {
  const specs = { a: { shape: [2, 3] }, b: { shape: [2] } };
  const written = async () => {
    const a = tf.variable(tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]));
    const b = tf.variable(tf.tensor1d([7, 8]));
    return modelFiles({ config: { type: 'two' }, variables: Object.entries({ a, b }) });
  };
  const load = async (files: ModelFiles, wanted: Parameters<typeof loadWeights>[1]) =>
    loadWeights(await openWeights(files, { where: 'test' }), wanted, { where: 'test' });

  it('reads what was written, turned around where that is asked for', async () => {
    const { variables } = await load(await written(), { ...specs, a: { shape: [2, 3], permutation: [1, 0] } });
    expect(variables.get('a')!.arraySync()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
    expect(variables.get('b')!.arraySync()).toEqual([7, 8]);
  });

  it('lists what is missing, extra and of another shape, before it reads anything', async () => {
    const files = await written();
    const before = tf.memory().numTensors;
    expect(await messageOf(load(files, { a: { shape: [3, 2] }, c: { shape: [1] } }))).toMatch(
      /missing in the file: c; in the file only: b; of other shape: a \(file \[2,3\], model \[3,2\]\)/,
    );
    expect(await messageOf(load(files, { a: { shape: [2, 3] } }))).toMatch(
      /only: b; if they are of no use .* allowExtra/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  it('names the shards that are missing, and tensors that lie elsewhere', async () => {
    const whole = (await written()).get('model.safetensors')!;
    const index = (map: object) => file(JSON.stringify({ weight_map: map }));
    const open = (files: [string, ReturnType<typeof file>][]) =>
      messageOf(openWeights(new Map(files), { where: 'test' }));
    const name = 'model.safetensors.index.json';
    expect(
      await open([
        [name, index({ a: 'one.safetensors', b: 'two.safetensors' })],
        ['one.safetensors', whole],
      ]),
    ).toMatch(/1 of the 2 files that it names are missing: two\.safetensors/);
    expect(
      await open([
        [name, index({ a: 'one.safetensors' })],
        ['one.safetensors', whole],
      ]),
    ).toMatch(/tensor 'b' lies in one\.safetensors, the index says nothing of it/);
    expect(
      await open([
        [name, index({ a: 'one.safetensors', b: 'one.safetensors', c: 'one.safetensors' })],
        ['one.safetensors', whole],
      ]),
    ).toMatch(/names tensors that their files do not hold: c/);
    expect(await open([[name, file('{"weight_map": 3}')]])).toMatch(/must hold a weight_map/);
    expect(await open([['pytorch_model.bin', file('x')]])).toMatch(
      /pytorch_model|here: it is neither a zip file nor an older checkpoint|it ends early|instruction/,
    );
  });

  it('refuses a header of a gigabyte without reading it', async () => {
    const start = new Uint8Array(8);
    new DataView(start.buffer).setBigUint64(0, 2n ** 30n, true);
    let most = 0;
    const huge = {
      label: 'huge.safetensors',
      size: 2 ** 31,
      read: async (begin = 0, end = 0) => {
        most = Math.max(most, end - begin);
        return start.slice(begin, end);
      },
    };
    expect(await messageOf(openWeights(new Map([['model.safetensors', huge]]), { where: 'test' }))).toMatch(
      /its header claims 1073741824 bytes, more than 100000000/,
    );
    expect(most).toBe(8);
  });

  it('says when a JSON file is cut, empty, or a pointer', async () => {
    const read = (text: string) => messageOf(readJson(new Map([['config.json', file(text)]]), 'config.json'));
    expect(await read('{"model_type": "be')).toMatch(/it is not JSON: .*; it may be cut short: copy it again/);
    expect(await read('')).toMatch(/it is empty/);
    expect(await read('version https://git-lfs.github.com/spec/v1\noid')).toMatch(/pointer of Git LFS/);
    const large = { label: 'config.json', size: 2 ** 40, read: async () => new Uint8Array() };
    expect(await messageOf(readJson(new Map([['config.json', large]]), 'config.json'))).toMatch(
      /more than the \d+ that are read/,
    );
  });
});

describe('numbers of a config.json', () => {
  it('that were written as floats stay floats, wherever their key goes', () => {
    const text =
      '{"scale": 1.0, "part": {"eps": 1e-12, "size": 2, "mean": [0.5, 1.0]}, "name: 3.0": "4.0", "large": 1e3}';
    const keys = floatKeys(text);
    expect([...keys]).toEqual(['scale', 'mean', 'large']);
    const { part, ...rest } = JSON.parse(text);
    expect(jsonText({ ...rest, ...part }, keys).replace(/\s+/g, '')).toBe(
      '{"scale":1.0,"name:3.0":"4.0","large":1000.0,"eps":1e-12,"size":2,"mean":[0.5,1.0]}',
    );
  });
});

describe('savedModelFiles and loadSavedModel', () => {
  const make = ({ size }: { size: number }) => {
    const w = tf.tidy(() => tf.variable(tf.fill([size], 2)));
    return { namedVariables: () => ({ w }) };
  };
  const table = { vector: (options: Record<string, unknown>) => make(options as { size: number }) };

  it('makes the model again, with its card', async () => {
    const files = await savedModelFiles(
      { type: 'vector', options: { size: 3, augment: () => 0 } },
      make({ size: 3 }).namedVariables(),
      {
        card: { title: 'A vector', license: 'MIT', metrics: { loss: 0.5 } },
      },
    );
    expect(JSON.parse(await textOf(files, 'config.json'))).toEqual({
      format: 'crossmodal',
      version: 1,
      writer: `@crossmodal/core ${version}`,
      type: 'vector',
      options: { size: 3 },
      frozen: [],
      unsaved: { functions: ['augment'], objects: [] },
    });
    expect(await textOf(files, 'README.md')).toMatch(
      /Not in the files, to be given again when it is loaded: `augment`/,
    );
    expect(await textOf(files, 'README.md')).toMatch(/license: MIT[\s\S]*# A vector[\s\S]*\| loss \| 0\.5 \|/);
    expect(await textOf(files, 'README.md')).toContain('with 3 parameters');
    // Those of its parts are its own, too.
    const parts = new Map([...files].map(([name, file]) => [`part/${name}`, file]));
    const whole = await modelFiles({
      config: { type: 'pair' },
      variables: Object.entries(make({ size: 5 }).namedVariables()),
      others: parts,
    });
    expect(await textOf(whole, 'README.md')).toContain('with 8 parameters');
    const model = await loadSavedModel(files, table, { where: 'test' });
    expect(model.namedVariables().w.arraySync()).toEqual([2, 2, 2]);
  });

  it('leaks nothing when the weights do not fit', async () => {
    const files = new Map(
      await savedModelFiles({ type: 'vector', options: { size: 4 } }, make({ size: 3 }).namedVariables()),
    );
    const before = tf.memory().numTensors;
    expect(await messageOf(loadSavedModel(files, table, { where: 'test' }))).toMatch(
      /of other shape: w \(file \[3\], model \[4\]\)/,
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
