import { CrossmodalError } from '../../errors.js';
import { assertKnownOptions } from '../../known-options.js';
import { Random } from '../../random/random.js';
import { checkHostArray, type HostArray } from '../host-array.js';
import type { LabelledImages } from './mnist.js';

export interface MnistMOptions {
  /** @default 0 */
  seed?: number | string;
  /**
   * Digits are made black and white at this grey value first (above it: 255); without it their grey values are used. The
   * paper's formula has no threshold; a widely used script thresholds at 0.
   */
  threshold?: number;
}

/**
 * MNIST-M: each digit blended with a random patch of a random photograph by the absolute difference of their bytes,
 * out[i, j, k] = |digit[i, j] - patch[i, j, k]|, which inverts the patch where the digit is white. Picture number n is a
 * function of the seed, the photographs and n.
 *
 * @param digits grey pictures, e.g. `(await mnist()).train`
 * @param photographs of BSDS500: bytes [height, width, 3], none smaller than a digit
 * @returns pictures with three channels and the digits' labels
 * @throws CrossmodalError when the digits are not grey, or a photograph is too small or has not three channels.
 * @see Ganin et al. (2016), Domain-adversarial training of neural networks, section 5.2.4
 * @example const target = mnistM((await mnist()).train, photographs, { seed: 1 });
 */
export function mnistM(
  digits: LabelledImages,
  photographs: readonly HostArray[],
  { seed = 0, threshold, ...others }: MnistMOptions = {},
): LabelledImages {
  assertKnownOptions('mnistM', others, ['seed', 'threshold']);
  const { count, height, width, labels } = digits;
  if (digits.channels !== 1) throw new CrossmodalError(`mnistM: digits must have one channel, got ${digits.channels}`);
  if (photographs.length === 0) throw new CrossmodalError('mnistM: needs at least one photograph, got none');
  photographs.forEach((photograph, i) => {
    const [rows = 0, columns = 0, channels] = checkHostArray('mnistM', photograph).shape;
    if (!(photograph.data instanceof Uint8Array) || channels !== 3 || rows < height || columns < width) {
      throw new CrossmodalError(
        `mnistM: photograph ${i} must be bytes of shape [>= ${height}, >= ${width}, 3], got [${photograph.shape}]`,
      );
    }
  });
  const random = new Random(seed).fork('mnist-m');
  const size = height * width;
  const images = new Uint8Array(count * size * 3);
  for (let n = 0; n < count; n++) {
    const draw = random.fork(n);
    const { data, shape } = photographs[draw.integer(photographs.length)] as HostArray;
    const [rows, columns] = shape as [number, number];
    const top = draw.integer(rows - height + 1);
    const left = draw.integer(columns - width + 1);
    for (let i = 0; i < size; i++) {
      const grey = digits.images[n * size + i] as number;
      const digit = threshold === undefined ? grey : grey > threshold ? 255 : 0;
      const at = ((top + Math.floor(i / width)) * columns + left + (i % width)) * 3;
      for (let k = 0; k < 3; k++) images[(n * size + i) * 3 + k] = Math.abs(digit - (data[at + k] as number));
    }
  }
  return { images, labels, count, height, width, channels: 3 };
}
