import { CrossmodalError, type StoredWeights, type WeightSpecs } from '@crossmodal/core';
import {
  activationOf,
  batchNormalization,
  batchNormSpecs,
  type Config,
  convolution,
  convolutionSpecs,
  linear,
  linearSpecs,
  places,
} from '@crossmodal/core/blocks';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { classesOf, pixelsOf, type VisionArchitecture } from '../vision-architecture.js';

/** A convolution and its normalisation. */
type Pair = readonly [convolution: string, normalization: string];

/** What transformers, and torchvision and timm, call the parts. */
interface Names {
  stem: Pair;
  block(stage: number, index: number): { layer(part: number): Pair; shortcut: Pair };
  head: string;
  prefixes: readonly string[];
}

const huggingFace: Names = {
  stem: ['embedder.embedder.convolution', 'embedder.embedder.normalization'],
  block: (stage, index) => {
    const at = `encoder.stages.${stage}.layers.${index}`;
    return {
      layer: (part) => [`${at}.layer.${part}.convolution`, `${at}.layer.${part}.normalization`],
      shortcut: [`${at}.shortcut.convolution`, `${at}.shortcut.normalization`],
    };
  },
  head: 'classifier.1',
  prefixes: ['', 'resnet.'],
};

const torchvision: Names = {
  stem: ['conv1', 'bn1'],
  block: (stage, index) => {
    const at = `layer${stage + 1}.${index}`;
    return {
      layer: (part) => [`${at}.conv${part + 1}`, `${at}.bn${part + 1}`],
      shortcut: [`${at}.downsample.0`, `${at}.downsample.1`],
    };
  },
  head: 'fc',
  prefixes: ['', 'module.', 'model.'],
};

interface Settings {
  stem: number;
  widths: readonly number[];
  depths: readonly number[];
  bottleneck: boolean;
  /** The first stage halves the sides too. */
  downsampleFirst: boolean;
  /** The stride of a bottleneck is on its first convolution, as in the paper, not on the second. */
  strideFirst: boolean;
}

/** Depths of the nets that torchvision and timm know by name. */
const named: Readonly<Record<string, { depths: readonly number[]; bottleneck: boolean }>> = {
  resnet10: { depths: [1, 1, 1, 1], bottleneck: false },
  resnet18: { depths: [2, 2, 2, 2], bottleneck: false },
  resnet34: { depths: [3, 4, 6, 3], bottleneck: false },
  resnet26: { depths: [2, 2, 2, 2], bottleneck: true },
  resnet50: { depths: [3, 4, 6, 3], bottleneck: true },
  resnet101: { depths: [3, 4, 23, 3], bottleneck: true },
  resnet152: { depths: [3, 8, 36, 3], bottleneck: true },
};

export const resnetNames = Object.keys(named);

function settingsOf(config: Config): Settings {
  const name = config.raw('architecture');
  if (typeof name === 'string' && Object.hasOwn(named, name)) {
    const { depths, bottleneck } = named[name]!;
    const widths = [64, 128, 256, 512].map((width) => (bottleneck ? 4 * width : width));
    return { stem: 64, widths, depths, bottleneck, downsampleFirst: false, strideFirst: false };
  }
  const type = config.text('layer_type', 'bottleneck');
  if (type !== 'basic' && type !== 'bottleneck') {
    throw new CrossmodalError(`${config.label}: layer_type must be basic or bottleneck, got '${type}'`);
  }
  const depths = config.sizes('depths', [3, 4, 6, 3]);
  const widths = config.sizes('hidden_sizes', [256, 512, 1024, 2048]);
  if (depths.length !== widths.length) {
    throw new CrossmodalError(
      `${config.label}: depths and hidden_sizes must have equal length, got ${depths.length} and ${widths.length}`,
    );
  }
  return {
    stem: config.size('embedding_size', 64),
    widths,
    depths,
    bottleneck: type === 'bottleneck',
    downsampleFirst: config.flag('downsample_in_first_stage'),
    strideFirst: config.flag('downsample_in_bottleneck'),
  };
}

interface Block {
  layers: readonly { pair: Pair; inputs: number; outputs: number; kernel: number; stride: number }[];
  shortcut: { pair: Pair; inputs: number; outputs: number; stride: number } | undefined;
}

function blocksOf({ stem, widths, depths, bottleneck, downsampleFirst, strideFirst }: Settings, names: Names): Block[] {
  const blocks: Block[] = [];
  let inputs = stem;
  depths.forEach((depth, stage) => {
    const outputs = widths[stage]!;
    for (let index = 0; index < depth; index++) {
      const stride = index === 0 && (stage > 0 || downsampleFirst) ? 2 : 1;
      const { layer, shortcut } = names.block(stage, index);
      const inner = bottleneck ? Math.floor(outputs / 4) : outputs;
      const sizes: [number, number, number, number][] = bottleneck
        ? [
            [inputs, inner, 1, strideFirst ? stride : 1],
            [inner, inner, 3, strideFirst ? 1 : stride],
            [inner, outputs, 1, 1],
          ]
        : [
            [inputs, outputs, 3, stride],
            [outputs, outputs, 3, 1],
          ];
      blocks.push({
        layers: sizes.map(([from, to, kernel, step], part) => ({
          pair: layer(part),
          inputs: from,
          outputs: to,
          kernel,
          stride: step,
        })),
        shortcut: stride !== 1 || inputs !== outputs ? { pair: shortcut, inputs, outputs, stride } : undefined,
      });
      inputs = outputs;
    }
  });
  return blocks;
}

/**
 * Residual networks of any depths and widths, under the names of transformers, torchvision or timm.
 *
 * @see He et al. (2016), "Deep residual learning for image recognition"
 */
export function resnet(config: Config, weights: StoredWeights): VisionArchitecture {
  const names = [...weights.entries.keys()].some((name) => /(^|\.)layer1\.0\.conv1\.weight$/.test(name))
    ? torchvision
    : huggingFace;
  const settings = settingsOf(config);
  const channels = config.size('num_channels', 3);
  const blocks = blocksOf(settings, names);
  const width = settings.widths.at(-1)!;
  const act = activationOf(config.label, config.text('hidden_act', 'relu'));
  const hasHead = names.prefixes.some((prefix) => weights.entries.has(`${prefix}${names.head}.weight`));
  const headPrefix =
    names === torchvision ? (names.prefixes.find((p) => weights.entries.has(`${p}fc.weight`)) ?? '') : '';
  const head = headPrefix + names.head;
  const classes = hasHead ? weights.entries.get(`${head}.weight`)!.shape[0]! : 0;
  if (hasHead && config.has('id2label') && classesOf(config) !== classes) {
    throw new CrossmodalError(`${config.label}: id2label names ${classesOf(config)} classes, the head has ${classes}`);
  }
  const pairSpecs = ([conv, norm]: Pair, inputs: number, outputs: number, kernel: number): WeightSpecs => ({
    ...convolutionSpecs(conv, inputs, outputs, kernel),
    ...batchNormSpecs(norm, outputs),
  });
  const body: WeightSpecs = Object.assign(
    {},
    pairSpecs(names.stem, channels, settings.stem, 7),
    ...blocks.flatMap(({ layers, shortcut }) => [
      ...layers.map(({ pair, inputs, outputs, kernel }) => pairSpecs(pair, inputs, outputs, kernel)),
      ...(shortcut ? [pairSpecs(shortcut.pair, shortcut.inputs, shortcut.outputs, 1)] : []),
    ]),
  ) as WeightSpecs;
  return {
    dimension: width,
    size: [224, 224],
    channels,
    body,
    head: hasHead ? linearSpecs(head, width, classes) : {},
    prefixes: names.prefixes,
    carried: /\.num_batches_tracked$/,
    inputs: ['pixels'],
    sequence(parameters, inputs, run) {
      const pair = ([conv, norm]: Pair, x: Tensor4D, stride: number) =>
        batchNormalization(parameters, norm, convolution(parameters, conv, x, { stride }), run);
      let x = act(pair(names.stem, pixelsOf(inputs), 2)) as Tensor4D;
      // Never the largest, whatever the activation lets through.
      const around: [number, number][] = [
        [0, 0],
        [1, 1],
        [1, 1],
        [0, 0],
      ];
      const padded = tf.pad(x, around, -1e30);
      x = tf.maxPool(padded as Tensor4D, 3, 2, 'valid');
      for (const { layers, shortcut } of blocks) {
        const y = layers.reduce((value, layer, i) => {
          const next = pair(layer.pair, value, layer.stride);
          return i < layers.length - 1 ? tf.relu(next) : next; // whatever hidden_act is
        }, x);
        const skip: Tensor = shortcut ? pair(shortcut.pair, x, shortcut.stride) : x;
        x = act(tf.add(y, skip)) as Tensor4D;
      }
      return { sequence: places(x) };
    },
    vector: ({ sequence }) => tf.mean(sequence, 1) as Tensor2D,
    ...(hasHead ? { logits: ({ sequence }, { head: root }) => linear(root, head, tf.mean(sequence, 1)) } : {}),
  };
}
