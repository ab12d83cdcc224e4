import type { Encoder } from '@crossmodal/core';
import type { Image, ImageItem } from '@crossmodal/encoders-vision';
import type { CoAttentionMatcher } from '@crossmodal/fusion';
import * as tf from '@tensorflow/tfjs-core';
import type { PicturesFigure } from '../../report/figure.js';
import { pngOf } from '../shared/images.js';
import { exampleRows } from '../shared/retrieval.js';
import type { CaptionedPicture } from './captions.js';

/** Words shown per picture. */
const shown = 6;

/** Where the words of a caption look: one row per picture, one picture per word, bright where it looks. */
export async function attentionFigure(
  matcher: CoAttentionMatcher,
  { image, text }: { image: Encoder<ImageItem>; text: Encoder<string> },
  test: readonly CaptionedPicture[],
): Promise<PicturesFigure> {
  const picked = exampleRows(test.length, 5).map((row) => test[row]!);
  const inputs = {
    image: await image.prepare(picked.map((picture) => picture.image)),
    text: await text.prepare(picked.map(({ captions }) => captions[0]!)),
  };
  const maps = matcher.attend(inputs);
  const values = (await maps.wordsToRegions.array()) as number[][][];
  tf.dispose([inputs.image, inputs.text, maps] as tf.TensorContainer);
  const rows = await Promise.all(
    picked.map(async (picture, i) => {
      const words = picture.captions[0]!.split(/\s+/).slice(0, shown);
      const lit = words.map((_, word) => pngOf(spotlight(picture.image, values[i]![word]!)));
      return { label: words.join(' '), pictures: await Promise.all([pngOf(picture.image), ...lit]) };
    }),
  );
  return {
    kind: 'pictures',
    title: 'Where words look',
    caption: `Test pictures, not picked by hand, and behind each where the first ${shown} words of its caption look, from left to right.`,
    rows,
  };
}

/** The picture, dark where there is no attention. */
function spotlight({ data, shape }: Image, attention: readonly number[]): Image {
  const [height, width, channels] = shape;
  const side = Math.round(Math.sqrt(attention.length));
  const most = Math.max(...attention);
  const out = data.slice();
  for (let i = 0; i < out.length; i++) {
    const pixel = Math.floor(i / channels);
    const [row, column] = [Math.floor(pixel / width), pixel % width];
    const region = Math.floor((row * side) / height) * side + Math.floor((column * side) / width);
    out[i] = out[i]! * (0.15 + 0.85 * (attention[region]! / most));
  }
  return { data: out, shape };
}
