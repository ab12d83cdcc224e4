import { basename } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { writeAtomically } from '../checkpoint/atomic-write.js';
import type { Inputs } from '../encoder.js';
import { CrossmodalError } from '../errors.js';
import { assertKnownOptions } from '../known-options.js';
import { type Preprocessing, preprocessingOf } from '../preprocessing.js';

/** What the backend of device `cpu` offers for export; found by looking. */
interface Exporter {
  exportOnnx?(
    fn: (...inputs: never[]) => unknown,
    inputs: readonly unknown[],
    options: { dynamicBatch?: boolean; inputNames?: readonly string[]; outputNames?: readonly string[] },
  ): Uint8Array;
}

export interface SaveOnnxOptions extends Omit<OnnxOptions, 'inputNames'> {
  /**
   * How raw items become the inputs; that of the encoder that prepared the examples unless given.
   * @default preprocessingOf(examples)
   */
  preprocessing?: Preprocessing;
}

export interface OnnxOptions {
  /** Leaves the number of rows open; with false it is that of the examples. */
  dynamicBatch?: boolean;
  /** Names of the model's inputs; `input`, or `input_0` ... unless given. For functions the names of their inputs are used. */
  inputNames?: readonly string[];
  outputNames?: readonly string[];
}

/**
 * Writes a model of tfjs-layers as an ONNX file of standard operators, for any runtime and language.
 *
 * @param path ends in `.onnx`, by custom
 * @throws CrossmodalError on other devices than `cpu`; when a dimension beside the batch is open; the backend's error, which
 *   names the kernel, when something has no ONNX form
 * @example
 * await useDevice('cpu');
 * await saveModelOnnx('classifier.onnx', await loadModel('models/classifier'));
 */
export async function saveModelOnnx(path: string, model: LayersModel, options: OnnxOptions = {}): Promise<void> {
  assertKnownOptions('saveModelOnnx', options, ['dynamicBatch', 'inputNames', 'outputNames']);
  const shapes = model.inputs.map(({ name, shape }) => {
    if (shape.slice(1).some((size) => typeof size !== 'number')) {
      throw new CrossmodalError(`saveModelOnnx: input ${name} has open dimensions: [${shape}]`, {
        remedy: 'use saveOnnx with examples of the inputs',
      });
    }
    return [1, ...(shape.slice(1) as number[])];
  });
  const examples = shapes.map((shape) => tf.zeros(shape));
  try {
    await write('saveModelOnnx', path, (...inputs: Tensor[]) => model.apply(inputs), examples, options);
  } finally {
    tf.dispose(examples);
  }
}

/**
 * Writes a function of named tensors, such as an encoder's `encode`, as an ONNX file of standard operators. The names become
 * those of the file's inputs. Beside `image.onnx` stands `image.preprocessing.json`: how raw items become the inputs (size, fit,
 * mean, deviation, order of axes and range of pixels; sample rate and spectrum; tokeniser and length), as the encoder that
 * prepared the examples tells it.
 *
 * @param fn synchronous; no randomness
 * @param examples tensors of the right shapes and types; their values do not matter
 * @throws as `saveModelOnnx`
 * @example
 * await saveOnnx('text.onnx', (inputs) => encoder.encode(inputs), await encoder.prepare(['an example']));
 */
export async function saveOnnx(
  path: string,
  fn: (inputs: Inputs) => Tensor | Inputs,
  examples: Inputs,
  options: SaveOnnxOptions = {},
): Promise<void> {
  assertKnownOptions('saveOnnx', options, ['dynamicBatch', 'outputNames', 'preprocessing']);
  const { preprocessing = preprocessingOf(examples), ...names } = options;
  await write('saveOnnx', path, fn as (...inputs: never[]) => unknown, [examples], names);
  if (preprocessing) await writePreprocessing(path, preprocessing, examples, names.dynamicBatch ?? true);
}

/** `image.onnx` gets `image.preprocessing.json` beside it, and the files that it speaks of under names like `text.tokenizer.json`. */
async function writePreprocessing(
  path: string,
  { facts, files }: Preprocessing,
  examples: Inputs,
  dynamicBatch: boolean,
): Promise<void> {
  const base = path.replace(/\.onnx$/, '');
  const beside = new Map<string, string>();
  for (const [name, file] of (await files?.()) ?? []) {
    const place = `${base}.${name.replaceAll('/', '.')}`;
    await writeAtomically(place, [await file.read()]);
    beside.set(name, basename(place));
  }
  const inputs = Object.fromEntries(
    Object.entries(examples).map(([name, { shape, dtype }]) => [
      name,
      { shape: dynamicBatch ? ['batch', ...shape.slice(1)] : shape, type: dtype },
    ]),
  );
  const contents = {
    model: basename(path),
    inputs,
    ...facts,
    ...(beside.size > 0 ? { files: Object.fromEntries(beside) } : {}),
  };
  await writeAtomically(`${base}.preprocessing.json`, [Buffer.from(`${JSON.stringify(contents, null, 2)}\n`)]);
}

async function write(
  caller: string,
  path: string,
  fn: (...inputs: never[]) => unknown,
  examples: readonly unknown[],
  { dynamicBatch = true, ...names }: OnnxOptions,
): Promise<void> {
  const backend = tf.backend() as Exporter;
  if (!backend.exportOnnx) {
    throw new CrossmodalError(`${caller}: the backend '${tf.getBackend()}' cannot export`, {
      remedy: "save the model with saveModel, then load and export it after useDevice('cpu')",
    });
  }
  await writeAtomically(path, [backend.exportOnnx(fn, examples, { dynamicBatch, ...names })]);
}
