import type { Captioned } from './caption-model.js';

/** The caption that is said most often, of equally frequent ones the first. */
export function mostFrequentCaption(pictures: readonly Captioned[]): string {
  const counts = new Map<string, number>();
  for (const text of pictures.flatMap(({ captions }) => captions)) counts.set(text, (counts.get(text) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best))[0];
}

/** For each picture the first caption of the training picture that is nearest by `vectorOf`, Euclidean. */
export function nearestNeighbourCaptions(
  pictures: readonly Captioned[],
  train: readonly Captioned[],
  vectorOf: (picture: Captioned) => Float32Array,
): string[] {
  const vectors = train.map(vectorOf);
  return pictures.map((picture) => {
    const query = vectorOf(picture);
    let nearest = 0;
    let least = Number.POSITIVE_INFINITY;
    for (const [i, vector] of vectors.entries()) {
      let distance = 0;
      for (let k = 0; k < vector.length && distance < least; k++) distance += (vector[k]! - query[k]!) ** 2;
      if (distance < least) [nearest, least] = [i, distance];
    }
    return train[nearest]!.captions[0]!;
  });
}

/** A picture as means of 8 x 8 tiles: what it looks like from afar, without anything learned. */
export function tileMeans({ image: { data, shape } }: Captioned): Float32Array {
  const [height, width, channels] = shape;
  const sums = new Float32Array(64 * channels);
  const tile = (i: number, length: number) => Math.min(7, Math.floor((8 * i) / length));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < channels; c++) {
        const place = (8 * tile(y, height) + tile(x, width)) * channels + c;
        sums[place]! += (64 * data[(y * width + x) * channels + c]!) / (height * width);
      }
    }
  }
  return sums;
}
