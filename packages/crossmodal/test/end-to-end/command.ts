import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../command.js';
import { picture } from '../pictures.js';
import { drawData, type Workplace } from './workplace.js';

const json = (text: string) => JSON.parse(text);

export function commandSuite(place: Workplace): void {
  const { root, data, model, index, train } = place;
  beforeAll(async () => {
    await drawData(place);
  });
  afterAll(() => process.removeAllListeners('SIGINT'));

  describe('from a folder to answers', () => {
    it('says what the folder holds', async () => {
      const { code, out } = await run(['inspect', data, '--json']);
      expect(code).toBe(0);
      expect(json(out)).toMatchObject({
        kind: 'CSV',
        items: 40,
        usable: 40,
        modalities: { image: 40, text: 40, audio: 40 },
        splits: { train: 30, val: 10 },
      });
      expect((await run(['inspect', data])).out).toContain(
        'image in column "file", audio in column "sound", text in column "caption"',
      );
    });

    it('says what it would do, and does nothing', async () => {
      const { code, out, notes } = await run([...train, '--plan', '--json']);
      expect(code).toBe(0);
      expect(notes).toContain('30 to train on, 10 for validation');
      expect(json(out)).toMatchObject({
        epochs: 30,
        stepsPerEpoch: 1,
        steps: 30,
        modalities: ['image', 'text', 'audio'],
      });
      expect(existsSync(`${model}.run`)).toBe(false);
    });

    it('stops at Ctrl-C, goes on with the same command, and learns', async () => {
      const stop = new AbortController();
      const stopped = run(train, { signal: stop.signal });
      const log = `${model}.run/log.jsonl`;
      const begun = async () => {
        while (!existsSync(log) || !readFileSync(log, 'utf8').includes('"step":5,'))
          await new Promise((resolve) => setTimeout(resolve, 20));
      };
      await Promise.race([begun(), stopped]);
      stop.abort();
      const first = await stopped;
      expect(first.code).toBe(130);
      expect(first.notes).toContain('the same command goes on');
      expect(existsSync(model)).toBe(false);

      const { code, out } = await run([...train, '--json']);
      expect(code).toBe(0);
      const { validation } = json(out) as {
        validation: { name: string; recall: Record<string, number>; chance: Record<string, number> }[];
      };
      const steps = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes('"train"'))
        .map((line) => JSON.parse(line).step as number);
      expect(steps).toEqual(Array.from({ length: 30 }, (_, i) => i + 1)); // none twice: it did not begin anew
      const words = validation.find(({ name }) => name === 'text to image');
      expect(words?.recall[5]).toBeGreaterThanOrEqual(0.9);
      expect(words?.chance[5]).toBeCloseTo(0.5, 5);
    });

    it('refuses to go on with other settings, and says which', async () => {
      const { code, notes } = await run([...train, '--epochs', '50']);
      expect(code).toBe(1);
      expect(notes).toContain('epochs 30, now 50');
      expect(notes).toContain('--restart');
    });

    it('does not search with another model than the index was made with', async () => {
      const [copy, other] = [join(root, 'copy'), join(root, 'copied-index')];
      cpSync(model, copy, { recursive: true });
      const made = await run(['index', '--data', data, '--model', copy, '--index', other]);
      expect(made.code, made.notes).toBe(0);
      expect((await run(['search', 'red', '--index', other])).code).toBe(0);
      const weights = readFileSync(join(copy, 'model.safetensors'));
      weights[weights.length - 1] = (weights.at(-1) as number) ^ 1;
      writeFileSync(join(copy, 'model.safetensors'), weights);
      for (const args of [
        ['search', 'red', '--index', other],
        ['index', '--data', data, '--model', copy, '--index', other],
        ['serve', '--index', other, '--port', '0'],
      ]) {
        const { code, notes } = await run(args);
        expect(code).toBe(1);
        expect(notes.split('\n').at(-1)).toContain('is not the one that the index was made with; make a new index');
      }
    });

    it('measures, and describes the model', async () => {
      const measured = await run(['evaluate', '--model', model, '--data', data, '--on', 'val', '--json']);
      expect(json(measured.out).directions.map(({ name }: { name: string }) => name)).toContain('audio to text');
      const described = await run(['models', model, '--json']);
      expect(json(described.out)).toMatchObject({ type: 'dualEncoder', ours: true });
      expect(
        json(described.out)
          .encoders.map(({ type }: { type: string }) => type)
          .sort(),
      ).toEqual(['bagEncoder', 'convolutionalEncoder', 'spectrogramEncoder']);
    });

    it('indexes once, and finds by words, a picture and a recording', async () => {
      const first = await run(['index', '--data', data, '--model', model, '--index', index, '--json']);
      expect(json(first.out)).toMatchObject({ embedded: 90, skipped: 0, quarantined: 0, count: 90 }); // 40 pictures, 40 recordings, 10 texts
      const second = await run(['index', '--data', data, '--model', model, '--index', index, '--json']);
      expect(json(second.out)).toMatchObject({ embedded: 0, skipped: 90, count: 90 });

      const words = await run(['search', 'a red circle', '--index', index, '--kind', 'image', '-k', '3', '--json']);
      for (const { file } of json(words.out).answers) expect(file).toMatch(/^red-/);
      writeFileSync(join(root, 'asked.png'), await picture('blue', 'square'));
      const seen = await run([
        'search',
        '--image',
        join(root, 'asked.png'),
        '--index',
        index,
        '--kind',
        'text',
        '-k',
        '1',
        '--json',
      ]);
      expect(json(seen.out).answers[0].text).toMatch(/^a blue/);
      const heard = await run([
        'search',
        '--audio',
        join(data, 'media/green-circle-0.wav'),
        '--index',
        index,
        '--kind',
        'audio',
        '-k',
        '1',
        '--json',
      ]);
      expect(json(heard.out).answers[0].kind).toBe('audio');
      expect(json(heard.out).answers[0].score).toBeCloseTo(1, 4); // the recording itself, or one that sounds the same
    });

    it('writes shards, and ONNX files with their preprocessing', async () => {
      const shards = await run(['embed', '--data', data, '--model', model, '--out', join(root, 'shards'), '--json']);
      expect(json(shards.out)).toMatchObject({ embedded: 90, quarantined: 0 });
      const exported = await run(['export', '--model', model, '--out', join(root, 'onnx'), '--json']);
      expect(exported.code).toBe(0);
      const { modalities } = json(readFileSync(join(root, 'onnx/preprocessing.json'), 'utf8'));
      expect(modalities.image).toMatchObject({
        file: 'image.onnx',
        inputs: { pixels: { shape: [null, 16, 16, 3] } },
        encoder: { options: { mean: 0.5, fit: 'cover' } },
      });
      expect(existsSync(join(root, 'onnx/text/tokenizer.json'))).toBe(true);
    });
  });

  describe('what is wrong is told in one line', () => {
    it.each([
      [['trian'], 2, 'Did you mean train?'],
      [['train', '--dta', 'x'], 2, 'Did you mean --data?'],
      [['train', '--out', 'x'], 2, 'option --data is needed'],
      [['train', '--data', 'x', '--out', 'y', '--epochs', 'many'], 2, 'a whole number of at least 1'],
      [['inspect', 'nowhere'], 1, 'nowhere does not exist'],
      [['search', 'x', '--index', 'nowhere'], 1, 'there is no index in nowhere; make one with crossmodal index'],
      [['search'], 1, 'give words, --image FILE or --audio FILE'],
      [['models', 'nowhere'], 1, 'nowhere does not exist'],
      [['evaluate', '--model', 'nowhere', '--data', 'x'], 1, 'nowhere does not exist'],
    ])('%j', async (args, code, message) => {
      const outcome = await run(args as string[]);
      expect(outcome.notes.split('\n').at(-1)).toContain(message);
      expect(outcome.notes).not.toContain('    at ');
      expect(outcome.code).toBe(code);
    });

    it('a config file is as good as options, and refuses those that do not exist', async () => {
      const config = join(root, 'train.json');
      writeFileSync(config, JSON.stringify({ data, out: model, 'image-size': 16, epochs: 3 }));
      const { out } = await run(['train', '--config', config, '--epochs', '7', '--plan', '--json']);
      expect(json(out)).toMatchObject({ imageSize: 16, epochs: 7 });
      writeFileSync(config, JSON.stringify({ dta: data }));
      const refused = await run(['train', '--config', config]);
      expect(refused).toMatchObject({ code: 1 });
      expect(refused.notes).toContain("did you mean 'data'?");
    });

    it('--help is no failure', async () => {
      const { code, out } = await run(['--help']);
      expect(code).toBe(0);
      for (const name of [
        'train',
        'inspect',
        'index',
        'search',
        'serve',
        'evaluate',
        'embed',
        'export',
        'models',
        'doctor',
      ])
        expect(out).toContain(name);
    });
  });
}
