// generate and models: pictures of tiny generators, beside what the packages give; models of a small hub.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type ModelFiles, Random } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { saveFolder } from '@crossmodal/core/models';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { conditionalGan } from '@crossmodal/gan';
import { huggingFaceCase } from '@crossmodal/testkit';
import { convolutionalDecoder, convolutionalInference, denseDecoder, multimodalVae } from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './command.js';
import { temporaryFolder } from './temporary.js';

const root = temporaryFolder();
const at = (name: string) => join(root, name);
const encoder = () =>
  bagEncoder({ tokenizer: wordTokenizer({ corpus: ['red circle', 'blue square'] }), dimension: 4, seed: 1 });
const small = { conditionDimension: 4, latentDimension: 2, size: 8, width: 2, seed: 1 };

async function pixelsOf(path: string) {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true });
  return { data: [...data], shape: [info.height, info.width, info.channels] };
}

/** Bytes of a drawn tensor, as a PNG has them. */
const bytesOf = (drawn: tf.Tensor) =>
  Array.from(drawn.dataSync(), (x) => Math.round(255 * Math.min(1, Math.max(0, x))));

let expected: number[];
beforeAll(async () => {
  await useDevice('cpu');
  const words = encoder();
  const gan = conditionalGan({ ...small, encoder: words });
  await saveFolder(at('along'), gan);
  await saveFolder(at('vectors'), conditionalGan(small));
  await saveFolder(at('words'), (await words.files?.()) as ModelFiles);
  const inputs = await words.prepare(['red circle']);
  expected = tf.tidy(() => bytesOf(gan.generate(words.encode(inputs), { random: new Random(7).fork('generate') })));
  const latentDimension = 2;
  const joint = multimodalVae({
    modalities: {
      name: {
        encoder: encoder(),
        decoder: denseDecoder({ latentDimension, outputDimension: 6, hidden: [4], seed: 1 }),
      },
      drawing: {
        encoder: convolutionalInference({ size: 8, channels: 1, blocks: 1, width: 2, seed: 1 }),
        decoder: convolutionalDecoder({ latentDimension, size: 8, channels: 1, blocks: 1, width: 2, seed: 1 }),
      },
    },
    seed: 1,
  });
  await saveFolder(at('joint'), joint);
});

describe('crossmodal generate', () => {
  it.each([
    ['with the encoder that was trained along', 'along', []],
    ['with the vectors of another model', 'vectors', ['--text-model', at('words')]],
  ])('draws what the model draws, %s', async (_, model, more) => {
    const out = at(`${model}.png`);
    const args = ['generate', 'red circle', '--model', at(model), '--out', out, '--seed', '7', ...more];
    const { code, notes } = await run(args);
    expect(code, notes).toBe(0);
    expect(await pixelsOf(out)).toEqual({ data: expected, shape: [8, 8, 3] });
  });

  it('several in one file, the same with the same seed and others with another', async () => {
    const draw = async (name: string, seed: string) => {
      const args = [
        'generate',
        'blue square',
        '--model',
        at('along'),
        '--out',
        at(name),
        '--count',
        '4',
        '--seed',
        seed,
      ];
      expect((await run(args)).code).toBe(0);
      return pixelsOf(at(name));
    };
    const first = await draw('a.png', '1');
    expect(first.shape).toEqual([2 * 8 + 3 * 2, 2 * 8 + 3 * 2, 3]);
    expect(await draw('b.png', '1')).toEqual(first);
    expect(await draw('c.png', '2')).not.toEqual(first);
  });

  it('draws with a multimodal VAE', async () => {
    const args = ['generate', 'red circle', '--model', at('joint'), '--out', at('joint.png'), '--json'];
    const { code, out, notes } = await run(args);
    expect(code, notes).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ height: 8, width: 8, count: 1 });
    expect((await sharp(at('joint.png')).metadata()).width).toBe(8);
  });

  it.each([
    [
      ['red', '--model', at('vectors'), '--out', at('x.png')],
      'name the model whose vectors it was trained on with --text-model',
    ],
    [
      ['red', '--model', at('along'), '--out', at('x.png'), '--text-model', at('words')],
      'has its own encoder of words',
    ],
    [
      ['red', '--model', at('vectors'), '--out', at('x.png'), '--text-model', huggingFaceCase('clip').folder],
      'must have the length 4, they have',
    ],
    [['red', '--model', at('along'), '--out', at('x.jpg')], '--out must end with .png'],
    [[' ', '--model', at('along'), '--out', at('x.png')], 'no words to draw for'],
    [['red', '--model', at('along'), '--out', at('no/where/x.png')], 'there is no folder'],
    [['red', '--model', at('nowhere'), '--out', at('x.png')], 'does not exist'],
  ])('refuses %j', async (args, message) => {
    const { code, notes } = await run(['generate', ...args]);
    expect(notes).toContain(message);
    expect(notes).not.toContain('unexpected');
    expect(code).toBe(1);
  });
});

describe('crossmodal models', () => {
  const commit = 'b'.repeat(40);
  const contents: Record<string, Buffer> = {
    'config.json': Buffer.from('{"model_type": "vit"}'),
    'model.safetensors': Buffer.from('weights'),
  };
  const server = createServer((request, response) => {
    const url = request.url as string;
    const json = (value: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(value));
    if (url.startsWith('/api/models/org/tiny/revision/')) return void json({ id: 'org/tiny', _id: '1', sha: commit });
    if (url.startsWith(`/api/models/org/tiny/tree/${commit}`)) {
      const oid = (bytes: Buffer) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
      const files = Object.entries(contents);
      return void json(files.map(([path, bytes]) => ({ type: 'file', path, size: bytes.length, oid: oid(bytes) })));
    }
    const bytes = contents[url.replace(`/org/tiny/resolve/${commit}/`, '')];
    response.writeHead(bytes ? 200 : 404).end(bytes ?? '{"error": "no"}');
  });
  const before = { ...process.env };
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    process.env['HF_ENDPOINT'] = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    process.env['CROSSMODAL_HUB_CACHE'] = at('hub');
  });
  afterAll(() => {
    for (const name of ['HF_ENDPOINT', 'CROSSMODAL_HUB_CACHE']) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
    server.close();
  });

  it('fetches one, lists it beside those of a folder, and says what each holds', async () => {
    const fetched = await run(['models', 'fetch', 'org/tiny']);
    expect(fetched.code, fetched.notes).toBe(0);
    expect(readFileSync(join(fetched.out, 'model.safetensors'), 'utf8')).toBe('weights');
    const { out } = await run(['models', 'list', root, '--json']);
    const listed = (JSON.parse(out) as { models: { folder: string; type: string; name?: string }[] }).models;
    expect(listed.find(({ name }) => name === 'org/tiny')).toMatchObject({ folder: fetched.out, type: 'vit' });
    const types = listed.filter(({ name }) => name === undefined).map(({ folder, type }) => [folder, type]);
    expect(types).toContainEqual([at('along'), 'conditionalGan']);
    expect(types.map(([folder]) => folder)).not.toContain(join(at('along'), 'encoder'));
    for (const args of [
      ['models', at('joint')],
      ['models', 'info', at('joint')],
    ])
      expect((await run(args)).out).toContain('multimodalVae');
  });

  it('a damaged one is listed as such, and others all the same', async () => {
    writeFileSync(join(root, 'config.json'), '{');
    const { out } = await run(['models', 'list', root]);
    expect(out).toContain('unreadable');
    expect(out).toContain('org/tiny');
  });

  it('says what is wrong in one line', async () => {
    for (const [args, message] of [
      [['models', 'fetch', 'org/other'], 'org/other'],
      [['models', 'fetch', '../../x'], "name must be 'organisation/model'"],
      [['models', 'list', at('nowhere')], 'does not exist'],
    ] as const) {
      const { code, notes } = await run(args);
      expect(code).toBe(1);
      expect(notes.split('\n').at(-1)).toContain(message);
      expect(notes).not.toContain('unexpected');
    }
  });
});
