import { fileURLToPath } from 'node:url';
import { golden, goldenIndex } from '@crossmodal/testkit';
import { describe, expect, it } from 'vitest';
import {
  adjustBrightness,
  adjustContrast,
  adjustHue,
  adjustSaturation,
  centerCrop,
  crop,
  decodeImage,
  flipHorizontally,
  gaussianBlur,
  grayscale,
  type Image,
  normalizations,
  normalize,
  type ResizeKernel,
  resize,
  shortestEdgeSize,
  toImage,
} from '../src/index.js';

interface Case {
  name: string;
  // biome-ignore lint/suspicious/noExplicitAny: each kind of case has options of its own
  options: any;
  // biome-ignore lint/suspicious/noExplicitAny: likewise
  preprocessor_config: any;
  outputs: string[];
  files: string[];
  tolerance: { exact: { atol: number }; mean_abs?: Record<string, number> } | string;
}

const folder = new URL('./golden/', import.meta.url);
const { cases } = goldenIndex<{ cases: Case[] }>(folder);
const files: Record<string, string> = { photo: 'images/photo.jpg' };
const fileOf = (image: string) => fileURLToPath(new URL(files[image] ?? `images/${image}.png`, folder));
const decodedOf = (image: string) => {
  const { data, shape } = golden(new URL(`decoded/${image}.safetensors`, folder)).raw['rgb']!;
  return { data: data as Uint8Array, shape };
};

/** [height, width, channels] to [channels, height, width], the order of the reference values. */
function channelsFirst({ data, shape: [height, width, channels] }: Image): Float32Array {
  const plane = height * width;
  return Float32Array.from(data, (_, i) => data[(i % plane) * channels + Math.floor(i / plane)] as number);
}

function pil(image: Image, size: number | [number, number], kernel: ResizeKernel): Image {
  const to =
    typeof size === 'number'
      ? shortestEdgeSize([image.shape[0], image.shape[1]], size)
      : { height: size[0], width: size[1] };
  return resize(image, { ...to, kernel, eightBit: true });
}

const resamplers: Record<number, ResizeKernel> = { 0: 'nearest', 1: 'lanczos', 2: 'bilinear', 3: 'bicubic' };

function apply(c: Case, image: Image): Image {
  const o = c.options;
  switch (o.kind) {
    case 'processor': {
      const config = c.preprocessor_config;
      const size = config.size.shortest_edge ?? [config.size.height, config.size.width];
      let out = pil(image, size, resamplers[config.resample]!);
      if (config.do_center_crop) out = centerCrop(out, { ...config.crop_size, rounding: 'down' });
      return normalize(out, { mean: config.image_mean, standardDeviation: config.image_std });
    }
    case 'resize_pil':
      return pil(image, o.size, o.mode);
    case 'resize_tensor':
      return resize(image, { height: o.size[0], width: o.size[1], kernel: o.mode, antialias: o.antialias });
    case 'center_crop':
      return centerCrop(image, { height: o.size[0], width: o.size[1] });
    case 'resized_crop':
      return pil(crop(image, { top: o.box[0], left: o.box[1], height: o.box[2], width: o.box[3] }), o.size, o.mode);
    case 'imagenet_eval':
      return normalize(
        centerCrop(pil(image, o.resize, o.mode), { height: o.crop, width: o.crop }),
        normalizations.imagenet,
      );
    case 'normalize':
      return normalize(image, { mean: o.mean, standardDeviation: o.std });
    case 'adjust_brightness':
      return adjustBrightness(image, { factor: o.options.brightness_factor });
    case 'adjust_contrast':
      return adjustContrast(image, { factor: o.options.contrast_factor });
    case 'adjust_saturation':
      return adjustSaturation(image, { factor: o.options.saturation_factor });
    case 'adjust_hue':
      return adjustHue(image, { shift: o.options.hue_factor });
    case 'rgb_to_grayscale':
      return grayscale(image);
    case 'hflip':
      return flipHorizontally(image);
    case 'gaussian_blur':
      return gaussianBlur(image, { size: o.options.kernel_size[0], sigma: o.options.sigma[0] });
    default:
      throw new Error(`no such kind: ${o.kind}`);
  }
}

describe('decodeImage against PIL', () => {
  for (const name of ['rgb', 'rgba', 'grey', 'palette', 'grey16', 'photo']) {
    it(name, async () => {
      const expected = decodedOf(name);
      const pixels = await decodeImage(fileOf(name), { background: null });
      expect(pixels.shape).toEqual(expected.shape);
      expect(pixels.data).toBeAllclose(expected.data, { atol: name === 'photo' ? 2 : 0, rtol: 0 });
    });
  }
});

describe('against PIL, torchvision and the Hugging Face processors', () => {
  for (const c of cases.filter(({ name }) => !name.startsWith('decoded'))) {
    for (const output of c.outputs) {
      it(`${c.name}, ${output.slice(4)}`, () => {
        const expected = golden(new URL(c.files[0]!, folder)).raw[output]!;
        const image = apply(c, toImage(decodedOf(output.slice(4))));
        expect([image.shape[2], image.shape[0], image.shape[1]]).toEqual(expected.shape);
        const atol = typeof c.tolerance === 'string' ? 0 : c.tolerance.exact.atol;
        expect(channelsFirst(image)).toBeAllclose(expected.data as Float32Array, { atol, rtol: 0 });
      });
    }
  }
});

describe("decodeImage's own resizing against PIL", () => {
  for (const [name, kernel, fit] of [
    ['pil_bicubic_20x28', 'bicubic', 'stretch'],
    ['pil_lanczos_24x24', 'lanczos', 'stretch'],
    ['pil_nearest_24x24', 'nearest', 'stretch'],
    ['pil_bicubic_up_64', 'bicubic', 'stretch'],
    ['clip_pil', 'bicubic', 'cover'],
  ] as const) {
    it(name, async () => {
      const c = cases.find((found) => found.name === name)!;
      for (const output of c.outputs) {
        const expected = golden(new URL(c.files[0]!, folder)).raw[output]!;
        const size = [expected.shape[1], expected.shape[2]] as [number, number];
        const pixels = await decodeImage(fileOf(output.slice(4)), { size, fit, kernel, background: null });
        let image = toImage(pixels);
        if (name === 'clip_pil') image = normalize(image, normalizations.clip);
        const values = channelsFirst(image);
        if (output.endsWith('photo')) {
          // Two JPEG decoders differ by a step or two before anything is resized.
          const bound = (c.tolerance as { mean_abs: Record<string, number> }).mean_abs[output] as number;
          const sum = values.reduce((sum, v, i) => sum + Math.abs(v - (expected.data[i] as number)), 0);
          expect(sum / values.length).toBeLessThan(bound);
        } else expect(values).toBeAllclose(expected.data as Float32Array, { atol: 1e-6, rtol: 0 });
      }
    });
  }
});
