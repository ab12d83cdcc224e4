import { CrossmodalError } from '@crossmodal/core';
import { bsds500, type LabelledImages, mnist, mnistM } from '@crossmodal/core/data/sets';
import { decodeImage } from '@crossmodal/encoders-vision';
import { colouredDigits } from './looks.js';
import type { PictureDomain } from './picture-domain.js';
import { readPictures } from './read-pictures.js';

/** Most test pictures of a domain. */
const mostTests = 2000;

interface OpenOptions {
  dataFolder: string | undefined;
  /** Training pictures of each domain. */
  limit: number;
}

/** Domains that have a name, made of MNIST. */
const named: Readonly<
  Record<
    string,
    { name: string; look(digits: LabelledImages, seed: string, data: OpenOptions): Promise<LabelledImages> }
  >
> = {
  mnist: { name: 'MNIST', look: async (digits) => digits },
  'mnist-m': {
    name: 'MNIST-M',
    look: async (digits, seed, { dataFolder }) => {
      const files = await bsds500({ data: dataFolder });
      return mnistM(digits, await Promise.all(files.map((file) => decodeImage(file))), { seed });
    },
  },
  'mnist-coloured': { name: 'coloured MNIST', look: async (digits, seed) => colouredDigits(digits, { seed }) },
};

/**
 * A domain by its name, or by the path of its pictures.
 *
 * @throws CrossmodalError when there is neither.
 */
export async function openDomain(set: string, options: OpenOptions): Promise<PictureDomain> {
  const own = Object.hasOwn(named, set) ? named[set] : undefined;
  if (own) {
    const { train, test } = await mnist({ data: options.dataFolder });
    const [some, tests] = [first(train, options.limit), first(test, Math.min(options.limit, mostTests))];
    return {
      name: own.name,
      classes: Array.from({ length: 10 }, (_, digit) => String(digit)),
      train: await own.look(some, 'train', options),
      test: await own.look(tests, 'test', options),
    };
  }
  if (!/[./\\]/.test(set)) {
    throw new CrossmodalError(
      `digit-adaptation: there is no set "${set}"; sets are ${Object.keys(named).join(', ')}, or the path of a folder or a CSV`,
    );
  }
  const pictures = await readPictures(set);
  return { ...pictures, train: first(pictures.train, options.limit), test: first(pictures.test, mostTests) };
}

/** @throws CrossmodalError when two domains have not the same classes. */
export function requireSameClasses(source: PictureDomain, target: PictureDomain): void {
  const [a, b] = [source, target].map(({ classes }) => [...classes].sort().join(', '));
  if (a === b) return;
  throw new CrossmodalError(
    `digit-adaptation: ${source.name} and ${target.name} must have the same classes, got ${a} and ${b}`,
    { remedy: 'name the folders (or labels) of equal classes alike' },
  );
}

/** The first pictures of a set. All are in random order. */
function first(set: LabelledImages, limit: number): LabelledImages {
  const count = Math.min(set.count, limit);
  const size = set.height * set.width * set.channels;
  return { ...set, count, images: set.images.subarray(0, count * size), labels: set.labels.subarray(0, count) };
}
