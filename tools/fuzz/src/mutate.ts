import type { Random } from '@crossmodal/core';

type Mutation = (bytes: Buffer, random: Random) => Buffer;

/** Values that lengths and counts in headers go wrong with. */
const extremes = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];

/** Pieces of text that mean something to one of the formats. */
const words = [
  '"',
  "'",
  ',',
  '\t',
  '\r\n',
  '\0',
  '{',
  '}',
  '[',
  ']',
  '\\',
  '../',
  '/etc/passwd',
  '__proto__',
  '1e999',
  '-1',
  'null',
  '\ufeff',
  '🐙',
];

const place = (bytes: Buffer, random: Random) => random.integer(Math.max(1, bytes.length));
/** Headers stand at the beginning: half of all places are there. */
const headerPlace = (bytes: Buffer, random: Random) =>
  random.uniform() < 0.5 ? random.integer(Math.max(1, Math.min(bytes.length, 128))) : place(bytes, random);
const span = (bytes: Buffer, random: Random): [number, number] => {
  const from = place(bytes, random);
  const longest = Math.max(1, Math.ceil((bytes.length - from) * random.uniform() ** 3));
  return [from, Math.min(bytes.length, from + longest)];
};

const mutations: Mutation[] = [
  function flipBit(bytes, random) {
    const at = headerPlace(bytes, random);
    if (bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << random.integer(8));
    return bytes;
  },
  function setByte(bytes, random) {
    if (bytes.length > 0) bytes[headerPlace(bytes, random)] = random.integer(256);
    return bytes;
  },
  function setNumber(bytes, random) {
    const width = [1, 2, 4][random.integer(3)] as number;
    const at = headerPlace(bytes, random);
    if (at + width > bytes.length) return bytes;
    const value = (extremes[random.integer(extremes.length)] as number) % 2 ** (8 * width);
    if (random.uniform() < 0.5) bytes.writeUIntBE(value, at, width);
    else bytes.writeUIntLE(value, at, width);
    return bytes;
  },
  function cutEnd(bytes, random) {
    return bytes.subarray(0, random.integer(bytes.length + 1));
  },
  function remove(bytes, random) {
    const [from, to] = span(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  function repeat(bytes, random) {
    const [from, to] = span(bytes, random);
    const times = 1 + random.integer(random.uniform() < 0.1 ? 1000 : 4);
    const piece = bytes.subarray(from, Math.min(to, from + Math.floor(2 ** 20 / times)));
    return Buffer.concat([bytes.subarray(0, to), ...Array<Buffer>(times).fill(piece), bytes.subarray(to)]);
  },
  function zero(bytes, random) {
    const [from, to] = span(bytes, random);
    return bytes.fill(0, from, to);
  },
  function swap(bytes, random) {
    const [from, to] = span(bytes, random);
    const piece = Buffer.from(bytes.subarray(from, to));
    piece.copy(bytes, place(bytes, random));
    return bytes;
  },
  function insertNoise(bytes, random) {
    const noise = Buffer.from(Uint8Array.from({ length: 1 + random.integer(64) }, () => random.integer(256)));
    const at = headerPlace(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
  },
  function insertWord(bytes, random) {
    const word = Buffer.from(words[random.integer(words.length)] as string);
    const at = headerPlace(bytes, random);
    return Buffer.concat([bytes.subarray(0, at), word, bytes.subarray(at)]);
  },
  function growDigits(bytes, random) {
    // Numbers in text headers: sizes, offsets, shapes.
    const digits = [...bytes.subarray(0, 4096).toString('latin1').matchAll(/\d+/g)];
    const found = digits[random.integer(Math.max(1, digits.length))];
    if (!found) return bytes;
    const value = ['0', '-1', '99999999999', '4294967296', '1e308', '18446744073709551616'][
      random.integer(6)
    ] as string;
    const at = found.index;
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(value), bytes.subarray(at + found[0].length)]);
  },
];

/** The file after one to four random mutations; a function of the generator's state. */
export function mutate(original: Uint8Array, random: Random): { bytes: Buffer; how: string } {
  let bytes: Buffer = Buffer.from(original);
  const names: string[] = [];
  for (let count = 1 + random.integer(4); count > 0; count--) {
    const mutation = mutations[random.integer(mutations.length)] as Mutation;
    names.push(mutation.name);
    bytes = Buffer.from(mutation(bytes, random));
  }
  return { bytes, how: names.join(', ') };
}
