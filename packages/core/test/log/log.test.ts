import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goldenIndex } from '@crossmodal/testkit';
import { afterAll, describe, expect, test } from 'vitest';
import { crc32c } from '../../src/log/crc32c.js';
import { jsonlWriter } from '../../src/log/jsonl-writer.js';
import { openProgress } from '../../src/log/progress.js';
import { tensorBoardWriter } from '../../src/train/index.js';

const temporary = mkdtempSync(join(tmpdir(), 'crossmodal-log-'));
afterAll(() => rmSync(temporary, { recursive: true, force: true }));

const folder = new URL('../golden/tensorboard/', import.meta.url);
interface Index {
  cases: {
    inputs: {
      scalars: { value: Record<string, [number, number][]> };
      histogram_inputs: { value: Record<string, number[][]> };
      texts: { value: string[] };
    };
    outputs: {
      records: { value: { offset: number; length: number; tags: string[]; kinds: string[]; step: number }[] };
    };
  }[];
}
const { inputs, outputs } = goldenIndex<Index>(folder).cases[0]!;
const events = readFileSync(new URL('events.out.small.tfevents', folder));
const records = outputs.records.value;
const bytesOf = ({ offset, length }: { offset: number; length: number }) =>
  events.subarray(offset, offset + length + 16);

/** Splits what our writer wrote into records. */
function split(file: string): Buffer[] {
  const bytes = readFileSync(file);
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = Number(bytes.readBigUInt64LE(at)) + 16;
    found.push(bytes.subarray(at, at + length));
    at += length;
  }
  return found;
}

const start = 1_600_000_000;

describe('event files equal those of torch byte for byte', () => {
  const board = tensorBoardWriter(join(temporary, 'board'));
  const written = () => split(board.path).slice(1);

  test('scalars, NaN and large steps', () => {
    const scalars = records.filter(({ kinds }) => kinds[0] === 'simple_value');
    expect(scalars.length).toBeGreaterThan(6);
    const before = written().length;
    for (const [step, value] of inputs.scalars.value['train/loss']!) {
      board.scalar('train/loss', value, step, { wallTime: start + step });
    }
    board.scalar('train/nan', Number.NaN, 0, { wallTime: start });
    board.scalar('train/big_step', 1.5, 2 ** 40, { wallTime: start });
    expect(written().slice(before)).toEqual(scalars.map(bytesOf));
  });

  test('texts', () => {
    const texts = records.filter(({ tags }) => tags[0] === 'train/note/text_summary');
    const before = written().length;
    inputs.texts.value.forEach((text, i) => {
      board.text('train/note', text, i, { wallTime: start + i });
    });
    expect(written().slice(before)).toEqual(texts.map(bytesOf));
  });

  test('pictures', () => {
    const picture = bytesOf(records.find(({ tags }) => tags[0] === 'train/picture')!);
    const png = picture.subarray(picture.indexOf('\x89PNG', 0, 'latin1'), picture.length - 4);
    const before = written().length;
    board.image('train/picture', { width: 12, height: 9, bytes: png }, 1, { wallTime: start });
    expect(written().slice(before)).toEqual([picture]);
  });

  test('histograms', () => {
    const histograms = records.filter(({ tags }) => tags[0] === 'train/weights');
    const before = written().length;
    inputs.histogram_inputs.value['train/weights']!.forEach((values, i) => {
      board.histogram('train/weights', values, i, { wallTime: start + i });
    });
    // The sum of squares is summed in another order; its last bit, and so the checksum, may differ.
    const apart = (bytes: Buffer) => {
      const at = bytes.indexOf('train/weights') + 'train/weights'.length + 3 + 4 * 9;
      expect(bytes[at]).toBe((5 << 3) | 1);
      return { squares: bytes.readDoubleLE(at + 1), before: bytes.subarray(0, at), after: bytes.subarray(at + 9, -4) };
    };
    const ours = written().slice(before).map(apart);
    const expected = histograms.map(bytesOf).map(apart);
    expect(ours.map(({ before: head, after }) => [head, after])).toEqual(expected.map((e) => [e.before, e.after]));
    ours.forEach(({ squares }, i) => {
      expect(squares).toBeCloseTo(expected[i]!.squares, 12);
    });
    board.close();
  });

  test('the checksum is that of RFC 3720', () => {
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
  });

  test('a resumed run says so', () => {
    const again = tensorBoardWriter(join(temporary, 'board'), { resumedAt: 300 });
    again.close();
    const [, restart] = split(again.path);
    // step 300 and a session log that starts
    expect(restart!.subarray(12, -4).subarray(9)).toEqual(Buffer.from([0x10, 0xac, 0x02, 0x3a, 0x02, 0x08, 0x01]));
    expect(readdirSync(join(temporary, 'board'))).toHaveLength(2);
  });
});

describe('jsonlWriter', () => {
  test('keeps what was before the step at which a run goes on, and drops a line that was cut off', () => {
    const file = join(temporary, 'deep', 'log.jsonl');
    const first = jsonlWriter(file);
    for (let step = 1; step <= 5; step++) first.write({ step, loss: step === 2 ? Number.NaN : step });
    first.close();
    writeFileSync(file, `${readFileSync(file, 'utf8')}{"step":6,"lo`);
    const second = jsonlWriter(file, { resumedAt: 3 });
    second.write({ step: 4, loss: 40 });
    second.close();
    expect(
      readFileSync(file, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as object),
    ).toEqual([
      { step: 1, loss: 1 },
      { step: 2, loss: 'NaN' },
      { step: 3, loss: 3 },
      { step: 4, loss: 40 },
    ]);
  });

  test('says where it cannot write', () => {
    writeFileSync(join(temporary, 'file'), '');
    expect(() => jsonlWriter(join(temporary, 'file', 'log.jsonl'))).toThrow(
      /jsonlWriter: .*file.log\.jsonl could not be written: part of its path is a file/,
    );
  });
});

describe('progress', () => {
  const stream = (isTTY: boolean) => {
    const text: string[] = [];
    const fake = { isTTY, columns: 120, write: (part: string) => text.push(part) > 0, on() {}, once() {} };
    return { fake: fake as unknown as NodeJS.WriteStream, text };
  };

  test('prints plain lines where there is no terminal', () => {
    const { fake, text } = stream(false);
    const progress = openProgress({ label: 'pictures', total: 200, stream: fake, every: 0 });
    progress.update({ step: 50, epoch: 1, metrics: { loss: 0.123456, accuracy: 1 } });
    progress.note('checkpoint written');
    progress.stop();
    expect(text).toHaveLength(2);
    expect(text[0]).toMatch(
      /^pictures: step 50\/200 \(25 %\), epoch 2, .* steps\/s, .* left \| loss 0\.1235, accuracy 1\n$/,
    );
    expect(text[1]).toBe('pictures: checkpoint written\n');
  });

  test('draws a bar on a terminal and gives the cursor back', () => {
    const { fake, text } = stream(true);
    const progress = openProgress({ label: 'pictures', total: 200, stream: fake });
    progress.update({ step: 200, epoch: 1, metrics: { loss: 0.5 } });
    progress.stop();
    const all = text.join('');
    expect(all).toContain('pictures');
    expect(all).toContain('200/200');
    expect(all).toContain('loss 0.5');
  });
});
