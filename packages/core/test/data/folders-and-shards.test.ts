import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { classFolder, pairedFolder, sampleRow, tarShards } from '../../src/data/index.js';
import { all, tarBytes, temporaryFolder } from './temporary.js';

const folder = temporaryFolder();

describe('classFolder', () => {
  it('one class per folder, sorted, deep files too, a link back to the whole not followed', async () => {
    for (const name of [
      'cat/2.JPG',
      'cat/1.png',
      'cat/more/3.webp',
      'ant/a.wav',
      'ant/readme.md',
      'ant/.hidden.png',
      '.git/x.png',
    ]) {
      folder.write(`classes/${name}`, 'x');
    }
    symlinkSync(join(folder.path, 'classes'), join(folder.path, 'classes/cat/loop'));
    const { rows, classes } = await classFolder(join(folder.path, 'classes'));
    expect(classes).toEqual(['ant', 'cat']);
    const short = (path: unknown) => (path as string | undefined)?.slice(folder.path.length + 9);
    expect(rows.map(({ label, image, audio }) => [label, short(image) ?? short(audio)])).toEqual([
      ['ant', 'ant/a.wav'],
      ['cat', 'cat/1.png'],
      ['cat', 'cat/2.JPG'],
      ['cat', 'cat/more/3.webp'],
    ]);
    await expect(classFolder(join(folder.path, 'classes'), { maximum: 2 })).rejects.toThrow(/more than 2 files/);
  });

  it('says what is wrong', async () => {
    mkdirSync(join(folder.path, 'flat'));
    folder.write('hollow/empty/readme.md', 'x');
    await expect(classFolder(join(folder.path, 'none'))).rejects.toThrow(/none: does not exist; check the path/);
    await expect(classFolder(join(folder.path, 'flat'))).rejects.toThrow(
      /has no folders, so no classes; make one folder/,
    );
    await expect(classFolder(join(folder.path, 'hollow'))).rejects.toThrow(/empty: holds no image or audio files/);
  });
});

describe('pairedFolder', () => {
  const root = join(folder.path, 'paired');

  it('files of one name are one row, lines of a text are its captions', async () => {
    for (const [name, content] of Object.entries({
      'a/1.jpg': 'x',
      'a/1.txt': 'a dog\r\n\n  the dog \n',
      'a/1.wav': 'x',
      'a/2.png': 'x',
      'b.1.txt': 'only text',
      'b.1.json': '{}',
      '.hidden/3.png': 'x',
    })) {
      folder.write(`paired/${name}`, content);
    }
    const rows = await (await pairedFolder(root)).toArray();
    expect(rows.map(({ origin, texts }) => [origin.slice(root.length + 1), texts])).toEqual([
      ['a/1', ['a dog', 'the dog']],
      ['a/2', []],
      ['b.1', ['only text']],
    ]);
    expect([rows[0]?.image, rows[0]?.audio]).toEqual([join(root, 'a/1.jpg'), join(root, 'a/1.wav')]);
    const pairs = await pairedFolder(root, { require: ['image', 'text'] });
    expect(pairs.length).toBe(1);
    expect((await pairs.toArray())[0]?.text).toBe('a dog');
  });

  it('says what is wrong', async () => {
    await expect(pairedFolder(join(root, 'none'))).rejects.toThrow(/none: does not exist/);
    await expect(pairedFolder(join(root, 'a'), { require: ['text'], incomplete: 'throw' })).rejects.toThrow(
      /"2" has no text file/,
    );
    await expect(pairedFolder(root, { maximum: 2 })).rejects.toThrow(/more than 2 names/);
    folder.write('twice/1.jpg', 'x');
    folder.write('twice/1.png', 'x');
    await expect(pairedFolder(join(folder.path, 'twice'))).rejects.toThrow(
      /1\.jpg and 1\.png would both be the image of "1"/,
    );
    folder.write('useless/readme.md', 'x');
    await expect(pairedFolder(join(folder.path, 'useless'))).rejects.toThrow(/holds no image, audio or text files/);
    folder.write('latin/1.txt', Buffer.from([0xe9]));
    await expect((await pairedFolder(join(folder.path, 'latin'))).toArray()).rejects.toThrow(/1\.txt: is not UTF-8/);
  });
});

describe('tarShards', () => {
  const pair = (key: string, text: string) => [
    { name: `${key}.png`, data: Buffer.from([137, 80, 78, 71]) },
    { name: `${key}.json`, data: JSON.stringify({ sentence: text, label: true, group: 7, more: [1] }) },
  ];

  it('members up to the first dot are one sample, whatever the folder, plain or gzip', async () => {
    const bytes = tarBytes([
      { name: 'set/', type: 'Directory' },
      ...pair('set/1', 'one'),
      ...pair('set.v2/1', 'two'),
      { name: 'set.v2/2.seg.PNG', data: 'x' },
      { name: 'set.v2/2.cls', data: '4\n' },
      { name: '.DS_Store', data: 'junk' },
      { name: 'no-extension', data: 'junk' },
    ]);
    for (const path of [folder.write('a.tar', bytes), folder.write('a.tar.gz', gzipSync(bytes))]) {
      const samples = await tarShards(path).toArray();
      expect(samples.map(({ key }) => key)).toEqual(['set/1', 'set.v2/1', 'set.v2/2']);
      expect([...(samples[2]?.members.keys() ?? [])]).toEqual(['seg.png', 'cls']);
      expect(Buffer.from(samples[2]?.members.get('cls') as Uint8Array).toString()).toBe('4\n');
      expect(samples[0]?.origin).toContain('a.tar');
    }
  });

  it('rows of samples', async () => {
    const path = folder.write(
      'rows.tar',
      tarBytes([
        ...pair('1', 'a cat'),
        { name: '2.txt', data: 'plain' },
        { name: '2.wav', data: 'RIFF' },
        { name: '2.cls', data: '3' },
      ]),
    );
    const [first, second] = await tarShards(path)
      .map(sampleRow({ columns: { text: 'sentence' } }))
      .toArray();
    expect(first).toMatchObject({ text: 'a cat', texts: ['a cat'], label: 'true', group: '7', fields: { more: [1] } });
    expect(
      Buffer.from(first?.image as Uint8Array)
        .subarray(1, 4)
        .toString(),
    ).toBe('PNG');
    expect(second).toMatchObject({ text: 'plain', label: '3' });
    expect(second?.image).toBeUndefined();
    expect(second?.audio).toHaveLength(4);
  });

  it('many shards by a range, shuffled by seed and epoch, resumable', async () => {
    for (let shard = 8; shard < 12; shard++) {
      folder.write(
        `many/part-${String(shard).padStart(3, '0')}.tar`,
        tarBytes([0, 1, 2].map((i) => ({ name: `${shard}-${i}.txt`, data: 'x' }))),
      );
    }
    const paths = join(folder.path, 'many/part-{008..011}.tar');
    const keys = async (epoch: number, start = 0, seed?: number) =>
      (await all(tarShards(paths, { seed }).iterateFrom(epoch, start))).map(({ key }) => key);
    expect(await keys(0)).toEqual([8, 9, 10, 11].flatMap((shard) => [0, 1, 2].map((i) => `${shard}-${i}`)));
    const shuffled = await keys(0, 0, 3);
    expect(shuffled).not.toEqual(await keys(0));
    expect([...shuffled].sort()).toEqual((await keys(0)).sort());
    expect(await keys(1, 0, 3)).not.toEqual(shuffled);
    expect(await keys(0, 5, 3)).toEqual(shuffled.slice(5));
  });

  it('large members arrive whole, also when reading stops early', async () => {
    const big = Buffer.alloc(300_000, 'ab');
    const path = folder.write(
      'big.tar',
      tarBytes([
        { name: 'a.bin', data: big },
        { name: 'b.bin', data: big },
      ]),
    );
    const samples = await tarShards(path).toArray();
    expect(Buffer.compare(Buffer.from(samples[1]?.members.get('bin') as Uint8Array), big)).toBe(0);
    for await (const sample of tarShards(path).iterate(0)) {
      expect(sample.key).toBe('a');
      break;
    }
  });

  const good = pair('1', 'x');
  const long = tarBytes([...good, { name: '2.bin', data: Buffer.alloc(5000) }]);
  it.each<[string, Uint8Array, RegExp, object?]>([
    [
      'a file that is no archive',
      Buffer.from('x'.repeat(2000)),
      /bad\.tar: is not a whole tar archive .*; get the file again/,
    ],
    ['an empty file', Buffer.alloc(0), /bad\.tar: is/],
    [
      'an archive cut inside a member',
      long.subarray(0, 512 * 6),
      /bad\.tar: is not a whole tar archive .*[Tt]runcated/,
    ],
    [
      'an archive cut between members',
      tarBytes(good, { end: false }),
      /bad\.tar: is cut short: the end mark is missing/,
    ],
    [
      'a damaged header',
      Buffer.concat([tarBytes(good, { end: false }), Buffer.alloc(512, 7), Buffer.alloc(1024)]),
      /checksum/,
    ],
    ['a cut gzip', gzipSync(long).subarray(0, 100), /bad\.tar: is not a whole tar archive/],
    ['a name that climbs', tarBytes([{ name: 'a/../../etc/passwd.txt', data: 'x' }]), /leads out of the archive/],
    ['an absolute name', tarBytes([{ name: '/etc/passwd.txt', data: 'x' }]), /leads out of the archive/],
    [
      'a link',
      tarBytes([{ name: '1.txt', type: 'SymbolicLink', link: '/etc/passwd' }]),
      /member "1.txt" is a SymbolicLink, not a file/,
    ],
    ['a device', tarBytes([{ name: '1.txt', type: 'CharacterDevice' }]), /is a CharacterDevice/],
    [
      'a member that is too large',
      tarBytes([{ name: '1.txt', data: 'x'.repeat(50) }]),
      /has 50 bytes, more than 10; raise maximumMember/,
      { maximumMember: 10 },
    ],
    [
      'a size that is a lie',
      tarBytes([{ name: '1.txt', data: 'x', size: 2 ** 33 }]),
      /has 8589934592 bytes, more than/,
    ],
    ['too many members', tarBytes([...good, ...pair('2', 'y')]), /more than 3 members/, { maximumMembers: 3 }],
    ['too many members in a sample', tarBytes(good), /sample "1" has more than 1 members/, { maximumPerSample: 1 }],
    ['two members of one name', tarBytes([...good, good[1] as { name: string }]), /two members called "1.json"/],
  ])('refuses %s', async (_, bytes, message, options) => {
    const path = folder.write('bad.tar', bytes);
    await expect(tarShards(path, options).toArray()).rejects.toThrow(message);
  });

  it('reads past a pax header that makes no sense, refuses one that lies about the size or is too large', async () => {
    const pax = (body: string | Uint8Array) => {
      const bytes = tarBytes([{ name: 'pax', data: body }, ...good]);
      bytes[156] = 'x'.charCodeAt(0);
      let sum = 8 * 32;
      bytes.subarray(0, 512).forEach((byte, i) => {
        if (i < 148 || i >= 156) sum += byte;
      });
      bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
      return bytes;
    };
    const nonsense = folder.write('nonsense.tar', pax('-5 a=\n'));
    expect((await tarShards(nonsense).toArray()).length).toBe(1);
    const size = folder.write('size.tar', pax('29 size=99999999999999999999\n'));
    await expect(tarShards(size).toArray()).rejects.toThrow(/size\.tar/);
    const huge = folder.write('huge.tar', pax(Buffer.alloc(3 * 2 ** 20, 'a')));
    await expect(tarShards(huge).toArray()).rejects.toThrow(/huge\.tar: holds a member of a kind that is not read/);
  });

  it('says what is wrong with a member', async () => {
    const row = async (...members: { name: string; data: string | Uint8Array }[]) =>
      tarShards(folder.write('row.tar', tarBytes(members)))
        .map(sampleRow())
        .toArray();
    await expect(row({ name: '1.json', data: '{' })).rejects.toThrow(/row\.tar, sample "1": member json is not JSON/);
    await expect(row({ name: '1.json', data: '[]' })).rejects.toThrow(/must be an object/);
    await expect(row({ name: '1.txt', data: Buffer.from([0xff]) })).rejects.toThrow(/member txt is not UTF-8/);
    await expect(tarShards(join(folder.path, 'no-{1..3}.tar')).toArray()).rejects.toThrow(/no-1\.tar: does not exist/);
    expect(() => tarShards('a-{3..1}.tar')).toThrow(/must ascend/);
    expect(() => tarShards([])).toThrow(/at least one path/);
  });
});
