// The command with folders of pretrained encoders. They are tiny and random: what is tested is that each is read, trained and searched with.
import { join } from 'node:path';
import { openWeights } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { huggingFaceCase } from '@crossmodal/testkit';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from './command.js';
import { colouredShapes } from './pictures.js';
import { temporaryFolder } from './temporary.js';

const root = temporaryFolder();
const data = join(root, 'shapes');
const folderOf = (name: string) => huggingFaceCase(name).folder;

async function done(args: readonly string[]): Promise<unknown> {
  const { code, out, notes } = await run([...args, '--json']);
  expect(code, notes).toBe(0);
  return JSON.parse(out);
}

beforeAll(() => colouredShapes(data));

describe('a model of Hugging Face', () => {
  it('CLIP: is indexed with, and finds by words and by a picture', async () => {
    const index = join(root, 'clip');
    const model = folderOf('clip');
    const made = await done(['index', '--data', data, '--model', model, '--index', index]);
    expect(made).toMatchObject({ embedded: 50, quarantined: 0, count: 50 }); // 40 pictures, 10 texts
    const image = join(data, 'media/red-circle-0.png');
    const seen = await done(['search', '--image', image, '--index', index, '--kind', 'image', '-k', '1']);
    expect(seen).toMatchObject({ answers: [{ kind: 'image', score: expect.closeTo(1, 5) }] });
    const words = await done(['search', 'a red circle', '--index', index, '--kind', 'text', '-k', '1']);
    expect(words).toMatchObject({ answers: [{ text: 'a red circle', score: expect.closeTo(1, 5) }] });
    const heard = await run(['search', '--audio', join(data, 'media/red-circle-0.wav'), '--index', index]);
    expect(heard.notes).toContain('the model knows image and text, not audio');
    expect(await done(['evaluate', '--model', model, '--data', data])).toMatchObject({ items: 40 });
  });

  it('another one is refused in one line that says what it is', async () => {
    const { code, notes } = await run(['index', '--data', data, '--model', folderOf('bert_one'), '--index', root]);
    expect(code).toBe(1);
    expect(notes).toContain('model_type must be one of clip, siglip, clap, got "bert"');
  });
});

describe('encoders of Hugging Face', () => {
  const encoders = ['--image-encoder', folderOf('vit'), '--text-encoder', folderOf('bert_one')];
  const train = ['train', '--data', data, ...encoders, '--epochs', '2', '--batch-size', '10', '--dimension', '8'];

  it('are joined, beside one from scratch, and searched with', async () => {
    const [model, index] = [join(root, 'joined'), join(root, 'joined-index')];
    const plan = await done([...train, '--out', model, '--plan']);
    expect(plan).toMatchObject({ pretrained: { image: folderOf('vit'), text: folderOf('bert_one') }, locked: [] });
    await done([...train, '--out', model]);
    const { encoders: parts } = (await done(['models', model])) as { encoders: { type: string }[] };
    expect(parts.map(({ type }) => type).sort()).toEqual(['bert', 'spectrogramEncoder', 'vit']);
    await done(['index', '--data', data, '--model', model, '--index', index]);
    const found = await done(['search', 'a red circle', '--index', index, '-k', '3']);
    expect(found).toMatchObject({ answers: [{}, {}, {}] });
  });

  it('stay as they are with --lock', async () => {
    const model = join(root, 'locked');
    expect(await done([...train, '--out', model, '--lock', '--plan'])).toMatchObject({ locked: ['image', 'text'] });
    await done([...train, '--out', model, '--lock']);
    const name = 'encoder.layer.0.attention.self.query.weight';
    const weightOf = async (folder: string) =>
      (await openWeights(await openFolder(folder), { where: 'test' })).read(name);
    expect(await weightOf(join(model, 'text'))).toEqual(await weightOf(folderOf('bert_one')));
    expect(await weightOf(join(root, 'joined/text'))).not.toEqual(await weightOf(folderOf('bert_one')));
  });
});
