// caption, transcribe: tiny models of each layout, and what the commands say of them beside what the packages give.
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ModelFiles, openWeights, type Trainable } from '@crossmodal/core';
import { tensorDataset } from '@crossmodal/core/data';
import { useDevice } from '@crossmodal/core/device';
import { openFolder, saveFolder } from '@crossmodal/core/models';
import { adam } from '@crossmodal/core/optimisers';
import { type StoredTensor, safetensorsPieces } from '@crossmodal/core/safetensors';
import { fit, trainStep } from '@crossmodal/core/train';
import { ctcRecogniser, encoderDecoder, transformerDecoder } from '@crossmodal/encoder-decoder';
import { spectrogramEncoder } from '@crossmodal/encoders-audio';
import { bagEncoder, wordTokenizer } from '@crossmodal/encoders-text';
import { convolutionalEncoder } from '@crossmodal/encoders-vision';
import { huggingFaceCase } from '@crossmodal/testkit';
import type { TensorContainerObject } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from './command.js';
import { picture, tone } from './pictures.js';
import { temporaryFolder } from './temporary.js';

const root = temporaryFolder();
const at = (name: string) => join(root, name);
const folderOf = (name: string) => huggingFaceCase(name).folder;
const decoder = transformerDecoder({ dimension: 16, layers: 1, heads: 2, dropout: 0 });

async function train<Batch extends TensorContainerObject>(
  model: Trainable<Batch>,
  batch: Batch,
  { batchSize = 4, learningRate = 1e-2 } = {},
) {
  const step = trainStep(model, { optimizer: adam({ learningRate }) });
  await fit(step, tensorDataset(batch, { batchSize, seed: 1 }), { steps: 120, progress: false });
  step.dispose();
}

/** A vocabulary for a folder whose library keeps none beside it. */
function withTokenizer(folder: string, name: string): string {
  cpSync(folder, at(name), { recursive: true });
  const vocab = Object.fromEntries(Array.from({ length: 400 }, (_, i) => [`w${i}`, i]));
  writeFileSync(
    join(at(name), 'tokenizer.json'),
    JSON.stringify({
      version: '1.0',
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: { type: 'Whitespace' },
      post_processor: null,
      decoder: null,
      model: { type: 'WordLevel', vocab, unk_token: 'w0' },
    }),
  );
  return at(name);
}

/** The tiny Whisper, with room for a second of sound. */
async function whisperOfOneSecond(): Promise<string> {
  const folder = withTokenizer(folderOf('whisper'), 'whisper');
  const change = (name: string, values: object) => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...values }));
  };
  const frames = 50;
  change('config.json', { max_source_positions: frames });
  change('preprocessor_config.json', { chunk_length: 1 });
  const weights = await openWeights(await openFolder(folder), { where: 'test' });
  const tensors = new Map<string, StoredTensor>();
  for (const name of weights.entries.keys()) {
    const tensor = await weights.read(name);
    const [, width] = tensor.shape as [number, number];
    const isPositions = name.endsWith('encoder.embed_positions.weight');
    tensors.set(
      name,
      isPositions ? { ...tensor, shape: [frames, width], bytes: new Uint8Array(4 * frames * width) } : tensor,
    );
  }
  writeFileSync(join(folder, 'model.safetensors'), Buffer.concat([...safetensorsPieces(tensors)]));
  return folder;
}

/** What the library says of the two recordings. */
let said: string[];

const texts = { red: 'a red circle', blue: 'the blue square' };

beforeAll(async () => {
  await useDevice('cpu');
  const shapes = [
    [await picture('red', 'circle'), texts.red],
    [await picture('red', 'circle', { shift: 2 }), texts.red],
    [await picture('blue', 'square'), texts.blue],
    [await picture('blue', 'square', { shift: 2 }), texts.blue],
  ] as const;
  writeFileSync(at('red.png'), await picture('red', 'circle', { shift: 1 }));
  writeFileSync(at('blue.png'), await picture('blue', 'square', { shift: 1 }));
  writeFileSync(at('broken.png'), 'no picture');
  const tokenizer = wordTokenizer({ corpus: Object.values(texts) });
  const captions = encoderDecoder({
    encoder: convolutionalEncoder({ size: 16, channels: [8, 16], dimension: 16, seed: 1 }),
    ...{ memoryWidth: 16, tokenizer, decoder, maximumLength: 5, seed: 1 },
  });
  const pictures = await captions.encoder.prepare(shapes.map(([bytes]) => bytes));
  await train(captions, { inputs: pictures, targets: captions.prepareTargets(shapes.map(([, text]) => text)) });
  await saveFolder(at('captions'), captions);

  const sounds = [300, 310, 1500, 1510].map((hertz, i) => [tone(hertz), i < 2 ? 'low' : 'high'] as const);
  writeFileSync(at('low.wav'), tone(305));
  writeFileSync(at('high.wav'), tone(1505));
  writeFileSync(at('long.wav'), tone(305, { seconds: 1 }));
  const hearing = { sampleRate: 8000, seconds: 0.25, bands: 16, channels: [8, 16], dimension: 16, seed: 1 };
  const speech = encoderDecoder({
    encoder: spectrogramEncoder(hearing),
    ...{ memoryWidth: 16, tokenizer: wordTokenizer({ corpus: ['low high'] }), decoder, maximumLength: 3, seed: 1 },
  });
  const heard = await speech.encoder.prepare(sounds.map(([bytes]) => bytes));
  await train(
    speech,
    { inputs: heard, targets: speech.prepareTargets(sounds.map(([, text]) => text)) },
    { learningRate: 3e-3 },
  );
  said = await speech.generateItems([tone(305), tone(1505)]);
  await saveFolder(at('speech'), speech);
  const frames = ctcRecogniser({
    encoder: spectrogramEncoder(hearing),
    ...{ memoryWidth: 16, tokenizer: wordTokenizer({ corpus: ['low high'] }), maximumLength: 2, seed: 1 },
  });
  await train(frames, { inputs: heard, labels: frames.prepareLabels(sounds.map(([, text]) => text)) });
  await saveFolder(at('frames'), frames);
  await saveFolder(at('words'), (await bagEncoder({ tokenizer, dimension: 4, seed: 1 }).files?.()) as ModelFiles);
}, 120_000);

describe('crossmodal caption', () => {
  it('says what a picture shows', async () => {
    const { code, out, notes } = await run(['caption', at('red.png'), '--model', at('captions')]);
    expect(code, notes).toBe(0);
    expect(out).toBe(texts.red);
  });

  it('says it of several, and names the broken one at the end', async () => {
    const paths = [at('red.png'), at('broken.png'), at('blue.png')];
    const { code, out, notes } = await run(['caption', ...paths, '--model', at('captions'), '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out).texts).toEqual([
      { file: at('red.png'), text: texts.red },
      { file: at('blue.png'), text: texts.blue },
    ]);
    expect(notes.split('\n').at(-1)).toContain('broken.png: ');
  });

  it('takes vision-encoder-decoder folders', async () => {
    const folder = new URL('../../encoder-decoder/test/golden/vision_encoder_decoder/', import.meta.url).pathname;
    const model = withTokenizer(folder, 'vision');
    const { code, out, notes } = await run(['caption', at('red.png'), '--model', model, '--json']);
    expect(code, notes).toBe(0);
    expect(JSON.parse(out).texts[0].text).toMatch(/^(w\d+ ?)+$/);
  });
});

describe('crossmodal transcribe', () => {
  it.each([
    ['speech', '1'],
    ['frames', '4'],
  ])('writes down a recording: %s, beam of %s', async (name, beam) => {
    const args = ['transcribe', at('low.wav'), at('high.wav'), '--model', at(name), '--beam', beam, '--json'];
    const { code, out, notes } = await run(args);
    expect(code, notes).toBe(0);
    expect(JSON.parse(out).texts.map(({ text }: { text: string }) => text)).toEqual(
      name === 'speech' ? said : ['low', 'high'],
    );
    expect(notes).toBe('');
  });

  it('says what it does not hear of a long one', async () => {
    const { out, notes } = await run(['transcribe', at('long.wav'), '--model', at('frames')]);
    expect(out).toBe('low');
    expect(notes).toContain('lasts 1.0 s, of which the model hears the middle 0.25 s');
  });

  it('Whisper hears a long recording piece after piece', async () => {
    const model = await whisperOfOneSecond();
    writeFileSync(at('one.wav'), tone(300, { seconds: 1, sampleRate: 2000 }));
    writeFileSync(at('two.wav'), tone(300, { seconds: 1.5, sampleRate: 2000 }));
    const { code, out, notes } = await run(['transcribe', at('one.wav'), at('two.wav'), '--model', model, '--json']);
    expect(code, notes).toBe(0);
    const [one, two] = (JSON.parse(out).texts as { text: string }[]).map(({ text }) => text) as [string, string];
    expect(one).not.toBe('');
    expect(two.startsWith(`${one} `)).toBe(true);
  });

  it('wav2vec 2.0 with a head of symbols', async () => {
    cpSync(folderOf('wav2vec2_ctc'), at('symbols'), { recursive: true });
    const args = ['transcribe', at('high.wav'), '--model', at('symbols')];
    expect((await run(args)).notes).toContain('there is no vocab.json');
    const symbols = ['<pad>', '<s>', '</s>', '<unk>', '|', ...Array.from('abcdefghijklmnopqrstuvwxyz')];
    writeFileSync(
      join(at('symbols'), 'vocab.json'),
      JSON.stringify(Object.fromEntries(symbols.map((one, i) => [one, i]))),
    );
    const { code, out, notes } = await run(args);
    expect(code, notes).toBe(0);
    expect(out).toMatch(/^[a-z ]*$/);
  });
});

describe('a folder of another kind is told with the right command', () => {
  it.each([
    ['caption', 'red.png', 'speech', 'one of image, it is one of audio; use crossmodal transcribe'],
    ['transcribe', 'low.wav', 'captions', 'one of audio, it is one of image; use crossmodal caption'],
    ['caption', 'red.png', 'frames', 'it is ctcRecogniser; use crossmodal transcribe'],
    ['transcribe', 'low.wav', 'words', 'it is bagEncoder; crossmodal models'],
    ['caption', 'red.png', folderOf('clip'), 'it is clip; use crossmodal index'],
    ['generate', 'red', 'captions', 'it is encoderDecoder; use crossmodal caption'],
  ])('%s %s --model %s', async (command, item, model, message) => {
    const folder = model.startsWith('/') ? model : at(model);
    const out = command === 'generate' ? ['--out', at('x.png')] : [];
    const { code, notes } = await run([command, item === 'red' ? item : at(item), '--model', folder, ...out]);
    expect(notes).toContain(message);
    expect(code).toBe(1);
  });

  it('index and evaluate name it as well', async () => {
    for (const command of ['index', 'evaluate']) {
      const { code, notes } = await run([command, '--model', at('captions'), '--data', root]);
      expect(code).toBe(1);
      expect(notes).toContain('it is encoderDecoder; use crossmodal caption');
    }
  });

  it('options that are for Whisper only', async () => {
    const { code, notes } = await run(['transcribe', at('low.wav'), '--model', at('frames'), '--language', 'en']);
    expect(code).toBe(1);
    expect(notes).toContain('--language and --translate are for Whisper');
  });
});
