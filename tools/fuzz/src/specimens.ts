import { gzipSync } from 'node:zlib';
import type { Random } from '@crossmodal/core';
import { formatNpy } from '@crossmodal/core/data';
import { safetensorsPieces } from '@crossmodal/core/safetensors';
import { encodeWav } from '@crossmodal/encoders-audio';
import sharp from 'sharp';
import { Header } from 'tar';

/** Makes a small valid file. */
type Specimen = (random: Random) => Buffer | Promise<Buffer>;

function noise(random: Random, length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, () => random.integer(256)));
}

function picture(random: Random): sharp.Sharp {
  const [height, width, channels] = [4 + random.integer(60), 4 + random.integer(60), (3 + random.integer(2)) as 3 | 4];
  return sharp(noise(random, height * width * channels), { raw: { height, width, channels } });
}

function sentence(random: Random): string {
  const words = ['a', 'red', 'fox', 'läuft', '走る', 'runs,', '"quick"', 'über', '🦊', 'the hill'];
  return Array.from({ length: 1 + random.integer(6) }, () => words[random.integer(words.length)]).join(' ');
}

function rows<T>(random: Random, make: (i: number) => T): T[] {
  return Array.from({ length: 1 + random.integer(20) }, (_, i) => make(i));
}

function table(random: Random, separator: string): Buffer {
  const quoted = (text: string) => (separator === ',' ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = rows(random, (i) =>
    [quoted(sentence(random)), `images/${i}.png`, `class ${i % 3}`, 'train'].join(separator),
  );
  return Buffer.from(`${['text', 'image', 'label', 'split'].join(separator)}\n${lines.join('\n')}\n`);
}

function tar(random: Random): Buffer {
  const members = rows(random, (i) => [
    [`set/${i}.png`, noise(random, random.integer(900))],
    [`set/${i}.json`, Buffer.from(JSON.stringify({ text: sentence(random), label: i }))],
  ]).flat() as [string, Buffer][];
  const parts = members.flatMap(([path, body]) => {
    const header = new Header({
      path,
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: body.length,
      mtime: new Date(0),
      type: 'File',
    });
    header.encode();
    return [header.block as Buffer, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
  });
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

function idx(random: Random): Buffer {
  const shape = [1 + random.integer(5), 4, 3];
  const header = Buffer.from([0, 0, 8, 3, ...shape.flatMap((dimension) => [0, 0, 0, dimension])]);
  return Buffer.concat([header, noise(random, (shape[0] as number) * 12)]);
}

function safetensors(random: Random): Buffer {
  const tensor = (...shape: number[]) => ({
    dtype: 'F32' as const,
    shape,
    bytes: new Uint8Array(
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()).buffer,
    ),
  });
  return Buffer.concat([
    ...safetensorsPieces({ weight: tensor(3, 4), bias: tensor(4), scale: tensor() }, { metadata: { step: '7' } }),
  ]);
}

/** One maker of valid files per kind of file that the house reads. */
export const specimens = {
  csv: (random) => table(random, ','),
  tsv: (random) => table(random, '\t'),
  jsonl: (random) =>
    Buffer.from(
      rows(random, (i) =>
        JSON.stringify({ text: [sentence(random), sentence(random)], image: `${i}.png`, label: i }),
      ).join('\n'),
    ),
  tar,
  'tar.gz': (random) => gzipSync(tar(random)),
  npy: (random) =>
    Buffer.from(formatNpy({ data: Float32Array.from({ length: 12 }, () => random.normal()), shape: [3, 4] })),
  idx,
  'idx.gz': (random) => gzipSync(idx(random)),
  safetensors,
  png: (random) => picture(random).png().toBuffer(),
  jpg: (random) => picture(random).removeAlpha().jpeg().toBuffer(),
  webp: (random) => picture(random).webp().toBuffer(),
  gif: (random) => picture(random).gif().toBuffer(),
  svg: (random) =>
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="${4 + random.integer(60)}" height="40" viewBox="0 0 40 40"><circle cx="20" cy="20" r="${random.integer(20)}" fill="#c33"/></svg>`,
    ),
  wav: (random) => {
    const samples = Float32Array.from({ length: 1 + random.integer(2000) }, () => 0.2 * random.normal());
    return Buffer.from(
      encodeWav({ samples, sampleRate: 8000 }, { encoding: random.uniform() < 0.5 ? 'integer16' : 'float32' }),
    );
  },
} satisfies Record<string, Specimen>;

export type Kind = keyof typeof specimens;
