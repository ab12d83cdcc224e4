import { CrossmodalError, Random } from '@crossmodal/core';
import type { Image } from '@crossmodal/encoders-vision';
import { openMojiCorpus } from '../../data/corpus.js';
import type { Emoji } from '../../data/openmoji.js';
import { decodePictures } from '../shared/images.js';
import { type CaptionedPicture, type CaptionedSource, wordsOf } from './captions.js';

/** Groups whose emojis are pictures of one thing. */
const groups = ['animals-nature', 'food-drink', 'travel-places', 'activities', 'objects'];

const emojis = 100;
const lengths = { test: 300, train: 2400 };

/**
 * Scenes of three emojis in the quarters of a picture, captioned by their names in any order. Training and test have the same emojis, no two
 * scenes the same three: what is asked is whether a text is understood part by part. Every seed has scenes of its own.
 */
export const scenes: CaptionedSource = async (context, { size, limit }) => {
  const { train: chosen } = openMojiCorpus(context.openmoji, {
    keep: ({ group }) => groups.includes(group),
    limit: Math.min(limit, emojis),
  });
  const files = await context.pictures(
    chosen.map(({ hexcode }) => hexcode),
    'color',
  );
  const images = await decodePictures(files, { size: Math.round(0.42 * size) });
  const random = new Random(context.seed).fork('scenes');
  const counts = { test: Math.min(limit, lengths.test), train: Math.min(limit, lengths.train) };
  const newTriple = triples(chosen.length, { random, wanted: counts.test + counts.train });
  const of = (count: number): CaptionedPicture[] =>
    Array.from({ length: count }, () => {
      const places = newTriple();
      return {
        image: arranged(
          places.map((place) => images[place]!),
          { size, random },
        ),
        captions: [captionOfScene(random.shuffle(places.map((place) => chosen[place]!)))],
        label: '',
      };
    });
  return { test: of(counts.test), train: of(counts.train) };
};

function captionOfScene(own: readonly Emoji[]): string {
  return wordsOf(own.map(({ annotation }) => annotation).join(' and '));
}

/**
 * Gives three of so many, in any order, that were not together before, each time it is called.
 *
 * @throws CrossmodalError when fewer triples exist than are wanted
 */
export function triples(
  count: number,
  { random, wanted }: { random: Random; wanted: number },
): () => [number, number, number] {
  const possible = (count * (count - 1) * (count - 2)) / 6;
  if (possible < wanted) {
    throw new CrossmodalError(`scenes: ${count} emojis have ${possible} triples, ${wanted} scenes are wanted`, {
      remedy: 'take more emojis, or fewer scenes',
    });
  }
  const seen = new Set<string>();
  return () => {
    for (;;) {
      const [a, b, c] = random.shuffle(Array.from({ length: count }, (_, i) => i)) as [number, number, number];
      const key = [a, b, c].sort((x, y) => x - y).join();
      if (seen.has(key)) continue;
      seen.add(key);
      return [a, b, c];
    }
  };
}

/** Pictures in different quarters of a white one, each somewhere in its quarter. */
export function arranged(images: readonly Image[], { size, random }: { size: number; random: Random }): Image {
  const data = new Float32Array(size * size * 3).fill(1);
  const half = Math.floor(size / 2);
  const quarters = random.shuffle([0, 1, 2, 3]);
  for (const [i, image] of images.entries()) {
    const [height, width] = image.shape;
    const top = Math.floor(quarters[i]! / 2) * half + random.integer(half - height + 1);
    const left = (quarters[i]! % 2) * half + random.integer(half - width + 1);
    for (let row = 0; row < height; row++) {
      data.set(image.data.subarray(3 * row * width, 3 * (row + 1) * width), 3 * ((top + row) * size + left));
    }
  }
  return { data, shape: [size, size, 3] };
}
