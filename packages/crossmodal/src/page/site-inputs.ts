/// <reference lib="dom" />
import { fitLength, logMel, resample } from '@crossmodal/encoders-audio';
import { characterTokenizer, pretrainedTokenizer, wordTokenizer } from '@crossmodal/encoders-text';
import { fitInto, normalize, toImage } from '@crossmodal/encoders-vision';

/** One input of an ONNX file, without its first dimension. */
export interface SiteInput {
  data: Float32Array | Int32Array;
  shape: number[];
}

type Options = Readonly<Record<string, unknown>>;

/** Makes what the text encoder takes: numbers of tokens, and which are real. */
export function textInputs(
  contents: Readonly<Record<string, unknown>>,
  options: Options,
): (text: string) => Record<string, SiteInput> {
  const { tokenizer: kind, ...rest } = contents;
  const make = { wordTokenizer, characterTokenizer }[kind as 'wordTokenizer' | 'characterTokenizer'];
  const tokenizer = make ? make(rest as never) : pretrainedTokenizer(contents);
  const length = options['maximumLength'] as number;
  return (text) => {
    const row = tokenizer.encode(text, { maximumLength: length });
    const ids = new Int32Array(length).fill(tokenizer.paddingId);
    const mask = new Float32Array(length);
    ids.set(row);
    mask.fill(1, 0, row.length);
    return { ids: { data: ids, shape: [length] }, mask: { data: mask, shape: [length] } };
  };
}

/** Makes what the image encoder takes: pixels at its size, as the encoder's own code does from the whole picture. */
export async function imageInput(file: Blob, options: Options): Promise<Record<string, SiteInput>> {
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error('the picture cannot be read');
  });
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  context.fillStyle = '#fff';
  context.fillRect(0, 0, bitmap.width, bitmap.height);
  context.drawImage(bitmap, 0, 0);
  const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const colours = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) colours.set(data.subarray(4 * i, 4 * i + 3), 3 * i);
  const size = options['size'] as number;
  const image = toImage({ data: colours, shape: [height, width, 3] });
  const fitted = fitInto(image, {
    height: size,
    width: size,
    fit: options['fit'] as 'cover',
    kernel: options['kernel'] as 'bicubic',
    fill: [1],
  });
  const { mean, standardDeviation } = options as { mean: number; standardDeviation: number };
  return { pixels: { data: normalize(fitted, { mean, standardDeviation }).data, shape: [size, size, 3] } };
}

/** Samples per second of compressed recordings, mostly. */
const usualRate = 48_000;

/** The rate that the header of a wav file names, or undefined for other files. */
function wavRate(bytes: ArrayBuffer): number | undefined {
  const view = new DataView(bytes);
  const text = (at: number) => String.fromCharCode(...new Uint8Array(bytes, at, 4));
  if (bytes.byteLength < 44 || text(0) !== 'RIFF' || text(8) !== 'WAVE') return undefined;
  for (let at = 12; at + 16 <= bytes.byteLength; at += 8 + view.getUint32(at + 4, true)) {
    if (text(at) === 'fmt ') return view.getUint32(at + 12, true);
  }
  return undefined;
}

/** Makes what the audio encoder takes: the log-mel spectrogram of a recording. */
export async function audioInput(file: Blob, options: Options): Promise<Record<string, SiteInput>> {
  const { sampleRate, seconds } = options as { sampleRate: number; seconds: number };
  const bytes = await file.arrayBuffer();
  // At its own rate, so that it is resampled as the encoder was trained: browsers leave more above the old limit.
  const rate = wavRate(bytes) ?? usualRate;
  const buffer = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytes).catch(() => {
    throw new Error('the recording cannot be read');
  });
  const mono = new Float32Array(buffer.length);
  for (let c = 0; c < buffer.numberOfChannels; c++) {
    const channel = buffer.getChannelData(c);
    for (let i = 0; i < mono.length; i++)
      mono[i] = (mono[i] as number) + (channel[i] as number) / buffer.numberOfChannels;
  }
  const samples = rate === sampleRate ? mono : resample(mono, { from: rate, to: sampleRate });
  const length = Math.max(1, Math.round(sampleRate * seconds));
  const cut = samples.length > length ? fitLength(samples, length) : samples;
  const bands = options['bands'] as number;
  const spectrum = { sampleRate, bands, padding: 'zeros' as const };
  const frames = logMel(new Float32Array(length), spectrum).shape[0];
  const features = logMel(cut, spectrum);
  const { data } = features;
  const mean = data.reduce((sum, value) => sum + value / data.length, 0);
  const deviation = Math.max(Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2 / data.length, 0)), 1e-5);
  const filled = new Float32Array(frames * bands);
  filled.set(data.subarray(0, filled.length).map((value) => (value - mean) / deviation));
  return { features: { data: filled, shape: [frames, bands] } };
}
