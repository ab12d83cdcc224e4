import { CreateBucketCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { bulkEmbed, readShards, s3Folder, shardSink } from '@crossmodal/search';
import { beforeAll, describe, expect, it } from 'vitest';
import { freePort, program, startServer } from '../servers.js';

const moto = program('MOTO_SERVER', 'moto_server');

describe.skipIf(moto === undefined)(
  's3Folder, against moto (MOTO_SERVER, or moto_server in the path: PyPI moto[server])',
  () => {
    const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
    let endpoint = '';
    beforeAll(async () => {
      const port = await freePort();
      // Pages of five names instead of a thousand.
      const env = { MOTO_S3_DEFAULT_MAX_KEYS: '5' };
      await startServer(moto as string, ['-H', '127.0.0.1', '-p', String(port)], port, { env });
      endpoint = `http://127.0.0.1:${port}`;
      await client().send(new CreateBucketCommand({ Bucket: 'data' }));
    });
    const client = () => new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true });
    const folder = (prefix: string) => s3Folder({ bucket: 'data', prefix, endpoint, credentials });

    it('reads, writes and lists, over several pages', async () => {
      const texts = folder('texts/');
      for (let i = 0; i < 1003; i += 59)
        await texts.write(`a/${String(i).padStart(4, '0')}.txt`, Buffer.from(`text ${i}`));
      await texts.write('b.txt', Buffer.from('b'));
      await folder('').write('elsewhere.txt', Buffer.from('x'));
      const page = await client().send(new ListObjectsV2Command({ Bucket: 'data', Prefix: 'texts/' }));
      expect(page).toMatchObject({ KeyCount: 5, IsTruncated: true }); // there are four of them
      const names: string[] = [];
      for await (const name of texts.list()) names.push(name);
      expect(names).toHaveLength(18);
      expect(new Set(names).size).toBe(18);
      expect(names).toEqual([...names].sort());
      expect(Buffer.from(await texts.read('b.txt')).toString()).toBe('b');
      expect(await texts.has('b.txt')).toBe(true);
      expect(await texts.has('c.txt')).toBe(false);
      await expect(texts.read('c.txt')).rejects.toThrow('s3://data/texts/c.txt does not exist');
    });

    it('is input and output of bulk embedding, which goes on where it was', async () => {
      const texts = folder('texts/');
      const run = async () =>
        bulkEmbed(texts.list(), {
          id: (name) => name,
          decode: async (name) => (await texts.read(name)).length,
          embed: async (lengths) => lengths.map((length) => [length, 1]),
          sink: await shardSink(folder('vectors/'), { dimension: 2, rows: 5 }),
        });
      expect(await run()).toMatchObject({ embedded: 18, skipped: 0 });
      expect(await run()).toMatchObject({ embedded: 0, skipped: 18 });
      const items = [];
      for await (const item of readShards(folder('vectors/'))) items.push(item);
      expect(items).toHaveLength(18);
      expect([...(items.find(({ id }) => id === 'b.txt')?.vector ?? [])]).toEqual([1, 1]);
    });

    it('says what the server refuses', async () => {
      const list = s3Folder({ bucket: 'no-such-bucket', endpoint, credentials }).list()[Symbol.asyncIterator]();
      await expect(list.next()).rejects.toThrow('s3://no-such-bucket/ is refused (NoSuchBucket');
    });
  },
);
