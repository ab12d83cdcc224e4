import '@tensorflow/tfjs-layers';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { classifier, loadClassifier } from '@crossmodal/adaptation';
import { dualEncoder, loadDualEncoder, loadLinearAlignment, procrustes } from '@crossmodal/alignment';
import { defineEncoder, loadSavedModel, type ModelFiles, memoryFile, savedModelFiles } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { openFolder, saveFolder } from '@crossmodal/core/models';
import { bagEncoder, loadTextEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { linearEncoder, loadImageEncoder } from '@crossmodal/encoders-vision';
import { concatenation, fusionClassifier, loadFusionClassifier } from '@crossmodal/fusion';
import { denseDiscriminator, denseGenerator, gan, loadGan } from '@crossmodal/gan';
import { denseDecoder, denseInference, loadVae, vae } from '@crossmodal/vae';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { beforeAll, describe, expect, it } from 'vitest';

beforeAll(() => useDevice('js'));

const encoders = { image: loadImageEncoder, text: loadTextEncoder };
const image = () => linearEncoder({ features: 4, dimension: 3, seed: 1 });
const text = () => bagEncoder({ tokenizer: wordTokenizer({ corpus: ['a b'] }), dimension: 3, seed: 1 });
const pair = () => dualEncoder({ encoders: { image: image(), text: text() }, dimension: 2, seed: 1 });
const points = () =>
  gan({
    generator: denseGenerator({ outputDimension: 2, latentDimension: 3, hidden: [4] }),
    discriminator: denseDiscriminator({ inputDimension: 2, hidden: [4] }),
  });

type Change = (files: Map<string, Uint8Array>) => void;

/** The files with some of them changed. */
async function changed(files: ModelFiles, change: Change): Promise<ModelFiles> {
  const bytes = new Map<string, Uint8Array>();
  for (const [name, file] of files) bytes.set(name, await file.read());
  change(bytes);
  return new Map([...bytes].map(([name, content]) => [name, memoryFile(content, { label: `model/${name}` })]));
}

const cut =
  (name: string, keep: number): Change =>
  (files) => {
    const bytes = files.get(name)!;
    files.set(name, bytes.slice(0, keep < 0 ? bytes.length + keep : keep));
  };
const json =
  (name: string, edit: (value: Record<string, never>) => unknown): Change =>
  (files) => {
    const value = JSON.parse(new TextDecoder().decode(files.get(name)));
    files.set(name, new TextEncoder().encode(JSON.stringify(edit(value) ?? value)));
  };
const without =
  (prefix: string): Change =>
  (files) => {
    for (const name of [...files.keys()]) if (name.startsWith(prefix)) files.delete(name);
  };
/** Renames a tensor in a header, same length. */
const renamed =
  (name: string, from: string, to: string): Change =>
  (files) => {
    const bytes = files.get(name)!;
    const at = Buffer.from(bytes).indexOf(`"${from}"`);
    expect(at).toBeGreaterThan(0);
    bytes.set(Buffer.from(`"${to}"`), at);
  };
/** Sets a value at a path of config.json's options. */
const option = (path: string, value: unknown): Change =>
  json('config.json', (config) => {
    const names = path.split('.');
    const last = names.pop()!;
    let target = config['options'] as unknown as Record<string, unknown>;
    for (const name of names) target = target[name] as Record<string, unknown>;
    target[last] = value;
    return config;
  });

describe('a damaged dual encoder', () => {
  const cases: readonly [string, Change, RegExp][] = [
    [
      'no config.json',
      without('config.json'),
      /there is no config\.json among the files: .*; give the folder of a model/,
    ],
    [
      'config.json cut short',
      cut('config.json', 40),
      /model\/config\.json: it is not JSON: .*; it may be cut short: copy it again/,
    ],
    ['an empty config.json', cut('config.json', 0), /model\/config\.json: it is empty; copy the file again/],
    [
      'another format',
      json('config.json', (c) => ({ ...c, format: 'bert' })),
      /it must have the format 'crossmodal', got "bert"/,
    ],
    [
      'a later version',
      json('config.json', (c) => ({ ...c, version: 2 })),
      /it has version 2, this package reads 1; use the version that wrote it \(@crossmodal\/core \d/,
    ],
    [
      'another type',
      json('config.json', (c) => ({ ...c, type: 'vae' })),
      /the type must be one of dualEncoder, got "vae"; load it with the package/,
    ],
    [
      'a type that all objects have',
      json('config.json', (c) => ({ ...c, type: 'constructor' })),
      /the type must be one of dualEncoder/,
    ],
    ['no options', json('config.json', (c) => ({ ...c, options: 3 })), /options must be an object/],
    [
      'an option that does not exist',
      option('dimensions', 2),
      /there is no option 'dimensions', .*did you mean 'dimension'/,
    ],
    ['no weights', without('model.safetensors'), /there is no model\.safetensors/],
    ['weights cut short', cut('model.safetensors', -1), /model\/model\.safetensors: .*/],
    ['weights cut in the header', cut('model.safetensors', 50), /model\/model\.safetensors: .*/],
    ['weights of four bytes', cut('model.safetensors', 4), /model\/model\.safetensors: .*/],
    [
      'a header that says it is huge',
      (files) => files.get('model.safetensors')!.set([255, 255, 255, 255, 255, 255, 255, 127]),
      /model\/model\.safetensors: .*/,
    ],
    [
      'a missing tensor and an extra one',
      renamed('model.safetensors', 'logitScale', 'logitScalp'),
      /missing in the file: logitScale; in the file only: logitScalp/,
    ],
    [
      'another dimension',
      option('dimension', 5),
      /of other shape: image\/projection\/weight \(file \[3,2\], model \[3,5\]\)/,
    ],
    ['no folder of an encoder', without('text/'), /the folder text\/ that it names is missing; copy the whole folder/],
    ['weights of an encoder cut short', cut('text/model.safetensors', -4), /model\/text\/model\.safetensors: .*/],
    ['no tokeniser', without('text/tokenizer.json'), /there is no tokenizer\.json/],
    [
      'a folder that leads outside',
      option('encoders.text.folder', '../other'),
      /the folder \.\.\/other\/ that it names is missing/,
    ],
    [
      'an encoder of another modality',
      option('encoders.text.$encoder', 'toString'),
      /one of toString, for which there is no loader, only for image, text/,
    ],
    ['a value that nothing makes', option('bias', { $made: 'gated', options: {} }), /there is no "gated"/],
    [
      'a path to what all objects share',
      json('config.json', (c) => ({
        ...c,
        unsaved: { functions: ['__proto__.polluted', 'constructor.prototype.polluted'], objects: [] },
      })),
      /never/,
    ],
  ];
  it.each(cases)('%s: is told', async (name, change, message) => {
    const files = await pair().files();
    const before = tf.memory().numTensors;
    const damaged = await changed(files, change);
    const failure = await loadDualEncoder(damaged, { encoders }).then(
      (model) => model.dispose(),
      (error: Error) => error,
    );
    if (message.source !== 'never') {
      expect(failure).toMatchObject({ name: 'CrossmodalError', message: expect.stringMatching(message) });
      expect((failure as Error).message).toMatch(/^load(DualEncoder|TextEncoder)|^model\/|^dualEncoder/);
    }
    expect(({} as Record<string, unknown>)['polluted'], name).toBeUndefined();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('asks for the loaders that it needs', async () => {
    const files = await pair().files();
    await expect(loadDualEncoder(files, { encoders: { image: loadImageEncoder } })).rejects.toThrow(
      /the encoder in text\/ is one of text, for which there is no loader, only for image; pass \{ encoders: \{ text: loadTextEncoder \} \}/,
    );
    await expect(loadDualEncoder('models/none', { encoders })).rejects.toThrow(
      /openFolder: models\/none does not exist; give the path of the folder of a model/,
    );
    await expect(loadVae('models/none' as never)).rejects.toThrow(
      /files must be a map of names to files, got the path "models\/none"; pass await openFolder\(path\)/,
    );
  });

  it('does not read through a link that leads out of the folder', async () => {
    const root = await mkdtemp(join(tmpdir(), 'crossmodal-damaged-'));
    try {
      const folder = join(root, 'model');
      await saveFolder(folder, pair());
      await writeFile(join(root, 'secret.json'), '{}');
      await rm(join(folder, 'text', 'config.json'));
      await symlink(join(root, 'secret.json'), join(folder, 'text', 'config.json'));
      await expect(openFolder(folder)).rejects.toThrow(/text\/config\.json is a symbolic link out of the folder/);
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe('other damage', () => {
  it('layers that cannot be built are named with their file', async () => {
    const files = await points().files();
    const load = async (change: Change) => loadGan(await changed(files, change));
    await expect(load(cut('generator.json', 100))).rejects.toThrow(/model\/generator\.json: it is not JSON/);
    await expect(load(without('discriminator/body.json'))).rejects.toThrow(/there is no discriminator\/body\.json/);
    const foreign = json('generator.json', (value) => JSON.parse(JSON.stringify(value).replace('"Dense"', '"Evil"')));
    await expect(load(foreign)).rejects.toThrow(/loadGan: model\/generator\.json: its layers cannot be built: .*Evil/s);
  });

  it('sizes that are no sizes are refused', async () => {
    const alignment = await procrustes(tf.eye(3), tf.eye(3));
    const files = await alignment.files();
    const broken = await changed(files, option('dimensions', [3, -1, 3]));
    await expect(loadLinearAlignment(broken)).rejects.toThrow(
      /must hold a name and three dimensions; copy the file again/,
    );
  });
});

describe('what no file holds', () => {
  it('a pair loss is asked for when it is needed, and taken when it is given', async () => {
    const pairLoss = () => tf.scalar(7);
    const model = dualEncoder({ encoders: { image: image(), text: text() }, dimension: 2, seed: 1, pairLoss });
    const files = await model.files();
    const batch = { image: { features: tf.ones([2, 4]) }, text: await text().prepare(['a', 'b']) };
    const bare = await loadDualEncoder(files, { encoders });
    expect(bare.embed('image', batch.image).shape).toEqual([2, 2]);
    expect(() => bare.loss(batch)).toThrow(
      /the option pairLoss was a function, .*pass it when you load the model: \{ pairLoss \}/,
    );
    const whole = await loadDualEncoder(files, { encoders, pairLoss });
    expect(whole.loss(batch).loss.dataSync()[0]).toBe(7);
  });

  it('a strategy of your own must be given', async () => {
    const strategy = { build: concatenation().build };
    const model = fusionClassifier({ encoders: { image: image(), text: text() }, classes: 2, strategy, seed: 1 });
    const files = await model.files();
    await expect(loadFusionClassifier(files, { encoders })).rejects.toThrow(
      /its option strategy was an object of your own, which a file cannot hold; pass it again: strategy/,
    );
    await expect(loadFusionClassifier(files, { encoders, strategy })).resolves.toBeDefined();
  });

  it('an encoder that cannot be saved says how it could', async () => {
    const input = tfl.input({ shape: [4] });
    const own = defineEncoder({
      modality: 'features',
      model: tfl.model({ inputs: input, outputs: tfl.layers.dense({ units: 3 }).apply(input) as tfl.SymbolicTensor }),
      inputs: ['features'],
      prepare: async (rows: readonly number[][]) => ({ features: tf.tensor2d([...rows]) }),
    });
    const model = dualEncoder({ encoders: { own, text: text() }, dimension: 2, seed: 1 });
    await expect(model.files()).rejects.toThrow(
      /dualEncoder: the encoder encoders\.own cannot be saved: it has no files; tell defineEncoder/,
    );
  });

  it('a schedule of beta is asked for by the loss', async () => {
    const model = vae({
      encoder: denseInference({ inputDimension: 3, hidden: [2] }),
      decoder: denseDecoder({ latentDimension: 1, outputDimension: 3, hidden: [] }),
      beta: (step) => step,
    });
    const again = await loadVae(await model.files());
    expect(again.reconstruct(tf.ones([1, 3])).shape).toEqual([1, 3]);
    expect(() => again.loss({ x: tf.ones([1, 3]) })).toThrow(/the option beta was a function/);
  });
});

describe('sizes that the files cannot fill', () => {
  const huge = 10 ** 9;
  const options = (edit: (options: Record<string, never>) => object): Change =>
    json('config.json', (c) => ({ ...c, options: { ...(c['options'] as unknown as object), ...edit(c['options']!) } }));
  const cases: Readonly<Record<string, () => Promise<[ModelFiles, Change, (files: ModelFiles) => Promise<unknown>]>>> =
    {
      'an image encoder': async () => [await image().files!(), options(() => ({ dimension: huge })), loadImageEncoder],
      'a text encoder': async () => [await text().files!(), options(() => ({ dimension: huge })), loadTextEncoder],
      'a dual encoder': async () => [
        await pair().files(),
        options(() => ({ dimension: huge })),
        (files) => loadDualEncoder(files, { encoders }),
      ],
      'a GAN of layers': async () => [
        await points().files(),
        (files) => {
          for (const [name, bytes] of files) {
            if (!name.endsWith('.json') || name === 'config.json') continue;
            const topology = new TextDecoder().decode(bytes).replaceAll(/"units":\d+/g, `"units":${huge}`);
            files.set(name, new TextEncoder().encode(topology));
          }
        },
        loadGan,
      ],
      'a VAE': async () => [
        await vae({
          encoder: denseInference({ inputDimension: 3, hidden: [2] }),
          decoder: denseDecoder({ latentDimension: 1, outputDimension: 3, hidden: [] }),
        }).files(),
        (files) => {
          for (const [name, bytes] of files) {
            if (!name.endsWith('.json')) continue;
            const changed = new TextDecoder()
              .decode(bytes)
              .replaceAll(/"(units|latentDimension|inputDimension|outputDimension)": ?\d+/g, `"$1":${huge}`);
            files.set(name, new TextEncoder().encode(changed));
          }
        },
        loadVae,
      ],
      'a fusion classifier': async () => [
        await fusionClassifier({
          encoders: { image: image(), text: text() },
          strategy: concatenation(),
          classes: 2,
          seed: 1,
        }).files(),
        options(() => ({ classes: huge })),
        (files) => loadFusionClassifier(files, { encoders }),
      ],
      'a classifier': async () => [
        await classifier({ encoder: image(), classes: 2, seed: 1 }).files(),
        options(() => ({ hidden: [huge] })),
        (files) => loadClassifier(files, { loadEncoder: loadImageEncoder }),
      ],
      'a linear alignment': async () => [
        await (
          await procrustes(
            tf.tensor2d([
              [1, 2],
              [3, 5],
            ]),
            tf.tensor2d([
              [2, 1],
              [3, 3],
            ]),
          )
        ).files(),
        options(() => ({ dimensions: [2, 2, huge] })),
        loadLinearAlignment,
      ],
    };
  it.each(Object.keys(cases))('%s is refused before its memory is asked for', async (name) => {
    const [files, change, load] = await cases[name]!();
    await load(files);
    const large = await changed(files, change);
    const before = [tf.memory().numTensors, process.memoryUsage().arrayBuffers];
    await expect(load(large)).rejects.toThrow(
      /a weight of shape \[.*1000000000.*\] is asked for, its files hold \d+ num/,
    );
    expect(process.memoryUsage().arrayBuffers - before[1]!).toBeLessThan(2 ** 26);
    expect(tf.memory().numTensors).toBe(before[0]);
  });
});

describe('what trains', () => {
  it('is what trained before', async () => {
    const model = pair();
    model.logitScale.trainable = false;
    const frozen = Object.entries(model.namedVariables()).filter(([name]) => name.startsWith('text/encoder'));
    for (const [, variable] of frozen) variable.trainable = false;
    const again = await loadDualEncoder(await model.files(), { encoders });
    const flags = (of: typeof model) =>
      Object.entries(of.namedVariables()).map(([name, { trainable }]) => [name, trainable]);
    expect(flags(again as typeof model)).toEqual(flags(model));
    expect(frozen.length).toBeGreaterThan(0);
  });

  it('is written though all of it trains, and left alone where a folder does not say', async () => {
    const files = await text().files!();
    const config = JSON.parse(new TextDecoder().decode(await files.get('config.json')!.read()));
    expect(config.frozen).toEqual([]);
    const silent = await changed(
      files,
      json('config.json', ({ frozen: _, ...rest }) => rest),
    );
    const variable = tf.variable(tf.zeros([1]), false);
    const asMade = { namedVariables: () => ({ 'embedding/embeddings': variable }) };
    const files2 = new Map(await savedModelFiles({ type: 'fixed', options: {} }, asMade.namedVariables()));
    for (const [from, trainable] of [
      [files2, false],
      [
        await changed(
          files2,
          json('config.json', ({ frozen: _, ...rest }) => rest),
        ),
        false,
      ],
      [
        await changed(
          files2,
          json('config.json', (value) => ({ ...value, frozen: [] })),
        ),
        true,
      ],
    ] as const) {
      variable.trainable = false;
      await loadSavedModel(from, { fixed: () => asMade }, { where: 'test' });
      expect(variable.trainable).toBe(trainable);
    }
    const all = Object.values((await loadTextEncoder(silent)).namedVariables());
    expect(all.every(({ trainable }) => trainable)).toBe(true);
  });
});
