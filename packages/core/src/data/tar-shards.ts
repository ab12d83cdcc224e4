import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { Random } from '../random/random.js';
import { withoutFirst } from './discard.js';
import { fileError } from './files/file-error.js';
import { readTar, type TarLimits } from './files/read-tar.js';
import { type Pipeline, pipeline } from './pipeline.js';

/** The members of a shard that share a name up to its first dot: `a/7.png` and `a/7.json` are sample `a/7`. */
export interface TarSample {
  readonly origin: string;
  readonly key: string;
  /** Bytes by extension, in lower case and without the leading dot: `png`, `json`, `seg.png`. */
  readonly members: ReadonlyMap<string, Uint8Array>;
}

export interface TarShardOptions extends Partial<TarLimits> {
  /** Reads the shards in another order in each epoch. */
  seed?: number | string;
  /**
   * Members that one sample may have.
   * @default 64
   */
  maximumPerSample?: number;
}

const known: Record<keyof TarShardOptions, true> = {
  seed: true,
  maximumMember: true,
  maximumMembers: true,
  maximumPerSample: true,
};

/**
 * Samples of tar shards in WebDataset's naming: members with the same name up to the first dot of the file name, one after
 * the other, are one sample. Read as a stream; shuffle with a buffer, and pass `seed` to shuffle the shards as well.
 *
 * @param paths of the shards; `{000..009}` in a path stands for all numbers of that range
 * @throws CrossmodalError naming shard and member: a damaged or cut archive, links, names that lead out of it, too large
 * members, two members of one name, members of a sample that do not follow one another.
 * @see github.com/webdataset/webdataset, "The WebDataset format"
 * @example const samples = tarShards('train-{000..009}.tar', { seed: 1 }).shuffle({ seed: 1, buffer: 1000 });
 */
export function tarShards(paths: string | readonly string[], options: TarShardOptions = {}): Pipeline<TarSample> {
  assertKnownOptions('tarShards', options, known);
  const { seed, maximumMember = 64 * 2 ** 20, maximumMembers = 10_000_000, maximumPerSample = 64 } = options;
  const shards = (typeof paths === 'string' ? [paths] : [...paths]).flatMap(expandRange);
  if (shards.length === 0) throw new CrossmodalError('tarShards: needs at least one path, got none');
  const limits = { maximumMember, maximumMembers, maximumPerSample };
  async function* samples(epoch: number): AsyncGenerator<TarSample> {
    const order = seed === undefined ? shards : new Random(seed).fork('shards').fork(epoch).shuffle(shards);
    for (const shard of order) yield* shardSamples(shard, limits);
  }
  return pipeline<TarSample>({ iterateFrom: (epoch, start) => withoutFirst(samples(epoch), start) });
}

async function* shardSamples(
  shard: string,
  limits: TarLimits & { maximumPerSample: number },
): AsyncGenerator<TarSample> {
  let key: string | undefined;
  const finished = new Set<string>();
  let members = new Map<string, Uint8Array>();
  const sample = (): TarSample => ({ origin: `${shard}, sample ${JSON.stringify(key)}`, key: key as string, members });
  for await (const { name, data } of readTar('tarShards', shard, limits)) {
    const [stem, extension] = splitName(name);
    if (extension === '' || name.split('/').at(-1)?.startsWith('.')) continue;
    if (stem !== key) {
      if (finished.has(stem)) {
        throw fileError(
          'tarShards',
          shard,
          `the members of sample ${JSON.stringify(stem)} do not stand together: ${JSON.stringify(name)} comes after another sample`,
          'pack the files sorted by name (tar --sort=name), so that those of a sample follow one another',
        );
      }
      if (key !== undefined) {
        yield sample();
        finished.add(key);
      }
      key = stem;
      members = new Map();
    }
    if (members.has(extension)) {
      throw fileError(
        'tarShards',
        shard,
        `has two members called ${JSON.stringify(name)}`,
        'give each sample a name of its own',
      );
    }
    if (members.size >= limits.maximumPerSample) {
      throw fileError(
        'tarShards',
        shard,
        `sample ${JSON.stringify(key)} has more than ${limits.maximumPerSample} members`,
        'raise maximumPerSample',
      );
    }
    members.set(extension, data);
  }
  if (key !== undefined) yield sample();
}

/** The name up to the first dot after the last slash, and what follows that dot. */
function splitName(path: string): [string, string] {
  const name = path.replace(/^(?:\.\/)+/, ''); // `tar cf all.tar .` writes ./a.png
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  // One form of Unicode: macOS writes é as two characters.
  return dot < 0 ? [name, ''] : [name.slice(0, dot).normalize('NFC'), name.slice(dot + 1).toLowerCase()];
}

function expandRange(path: string): string[] {
  const range = /\{(\d+)\.\.(\d+)\}/.exec(path);
  if (!range) return [path];
  const [whole, first = '', last = ''] = range;
  const count = Number(last) - Number(first) + 1;
  if (!(count >= 1 && count <= 1_000_000)) {
    throw new CrossmodalError(`tarShards: the range ${whole} must ascend and name at most 1000000 shards, got ${path}`);
  }
  return Array.from({ length: count }, (_, i) =>
    path.replace(whole, () => String(Number(first) + i).padStart(first.length, '0')),
  ).flatMap(expandRange);
}
