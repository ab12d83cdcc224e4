import { CrossmodalError, type StoredWeights } from '@crossmodal/core';
import { activationOf, type Config, type Padding } from '@crossmodal/core/blocks';
import { pairOf, type VisionArchitecture } from '../vision-architecture.js';
import { type InvertedResidual, invertedResidualNet, type Pair } from './inverted-residual.js';
import { divisible, timmBlock } from './mobilenet.js';

/** The stages of B0: table 1 of the paper. */
const base = {
  inputs: [32, 16, 24, 40, 80, 112, 192],
  outputs: [16, 24, 40, 80, 112, 192, 320],
  kernels: [3, 3, 5, 3, 5, 5, 3],
  strides: [1, 2, 2, 2, 1, 2, 1],
  repeats: [1, 2, 2, 3, 3, 4, 1],
  expansions: [1, 6, 6, 6, 6, 6, 6],
};

/** Width, depth and side of the nets known by name. */
const named: Readonly<Record<string, readonly [width: number, depth: number, side: number]>> = {
  b0: [1, 1, 224],
  b1: [1, 1.1, 240],
  b2: [1.1, 1.2, 260],
  b3: [1.2, 1.4, 300],
  b4: [1.4, 1.8, 380],
  b5: [1.6, 2.2, 456],
  b6: [1.8, 2.6, 528],
  b7: [2, 3.1, 600],
  lite0: [1, 1, 224],
  lite1: [1, 1.1, 240],
  lite2: [1.1, 1.2, 260],
  lite3: [1.2, 1.4, 280],
  lite4: [1.4, 1.8, 300],
};

const pattern = /^(?:tf_)?efficientnet[_-](b[0-7]|lite[0-4])$/;
export const isEfficientNetName = (name: string): boolean => pattern.test(name);

interface Settings {
  width: number;
  depth: number;
  side: number;
  lite: boolean;
}

function settingsOf(config: Config): Settings {
  const name = config.raw('architecture');
  if (typeof name === 'string') {
    const variant = pattern.exec(name)?.[1];
    if (!variant) throw new CrossmodalError(`${config.label}: there is no EfficientNet called '${name}'`);
    const [width, depth, side] = named[variant]!;
    return { width, depth, side, lite: variant.startsWith('lite') };
  }
  return {
    width: config.number('width_coefficient', 2),
    depth: config.number('depth_coefficient', 3.1),
    side: pairOf(config, 'image_size', 600)[0],
    lite: false,
  };
}

interface Names {
  stem: Pair;
  block(place: { number: number; stage: number; index: number; expands: boolean }): {
    expand?: Pair;
    depthwise: Pair;
    project: Pair;
  };
  squeeze(place: { number: number; stage: number; index: number }): { reduce: string; expand: string };
  top: Pair;
  head: string;
}

const huggingFace: Names = {
  stem: ['embeddings.convolution', 'embeddings.batchnorm'],
  block({ number, expands }) {
    const at = `encoder.blocks.${number}`;
    return {
      ...(expands ? { expand: [`${at}.expansion.expand_conv`, `${at}.expansion.expand_bn`] as Pair } : {}),
      depthwise: [`${at}.depthwise_conv.depthwise_conv`, `${at}.depthwise_conv.depthwise_norm`],
      project: [`${at}.projection.project_conv`, `${at}.projection.project_bn`],
    };
  },
  squeeze: ({ number }) => {
    const at = `encoder.blocks.${number}.squeeze_excite`;
    return { reduce: `${at}.reduce`, expand: `${at}.expand` };
  },
  top: ['encoder.top_conv', 'encoder.top_bn'],
  head: 'classifier',
};

const timm: Names = {
  stem: ['conv_stem', 'bn1'],
  block: ({ stage, index, expands }) => timmBlock(stage, index, expands),
  squeeze: ({ stage, index }) => {
    const at = `blocks.${stage}.${index}.se`;
    return { reduce: `${at}.conv_reduce`, expand: `${at}.conv_expand` };
  },
  top: ['conv_head', 'bn2'],
  head: 'classifier',
};

/** The names of the package efficientnet_pytorch and its Lite version. */
const pytorchPackage: Names = {
  stem: ['_conv_stem', '_bn0'],
  block({ number, expands }) {
    const at = `_blocks.${number}`;
    return {
      ...(expands ? { expand: [`${at}._expand_conv`, `${at}._bn0`] as Pair } : {}),
      depthwise: [`${at}._depthwise_conv`, `${at}._bn1`],
      project: [`${at}._project_conv`, `${at}._bn2`],
    };
  },
  squeeze: ({ number }) => ({ reduce: `_blocks.${number}._se_reduce`, expand: `_blocks.${number}._se_expand` }),
  top: ['_conv_head', '_bn1'],
  head: '_fc',
};

/**
 * EfficientNet B0 to B7 and Lite0 to Lite4, under the names of transformers, timm or efficientnet_pytorch.
 *
 * @see Tan and Le (2019); the Lite versions have no squeeze and excitation, ReLU6, and a stem and top that are not scaled
 */
export function efficientNet(config: Config, weights: StoredWeights): VisionArchitecture {
  const has = (name: string) => ['', 'efficientnet.'].some((prefix) => weights.entries.has(prefix + name));
  const style = has('_conv_stem.weight') ? pytorchPackage : has('conv_stem.weight') ? timm : huggingFace;
  const isHuggingFace = style === huggingFace;
  const { width, depth, side, lite } = settingsOf(config);
  const divisor = config.size('depth_divisor', 8);
  const scaled = (channels: number) => divisible(channels * width, divisor);
  const stages = isHuggingFace
    ? {
        inputs: config.sizes('in_channels', base.inputs),
        outputs: config.sizes('out_channels', base.outputs),
        kernels: config.sizes('kernel_sizes', base.kernels),
        strides: config.sizes('strides', base.strides),
        repeats: config.sizes('num_block_repeats', base.repeats),
        expansions: config.sizes('expand_ratios', base.expansions),
      }
    : base;
  // TensorFlow's nets pad as TensorFlow does; timm's own, whose names have no tf_, as torch.
  const symmetric = style === timm && !String(config.raw('architecture')).startsWith('tf_');
  const adjusted = config.raw('depthwise_padding');
  const paddingOf = (number: number, kernel: number, stride: number): Padding => {
    if (symmetric) return 'half';
    if (!isHuggingFace || stride === 1) return 'same';
    const whole = Math.floor(kernel / 2);
    const before = Array.isArray(adjusted) && adjusted.includes(number) ? whole : whole - 1;
    return [before, whole, before, whole];
  };
  const ratio = config.number('squeeze_expansion_ratio', 0.25);
  const last = stages.outputs.length - 1;
  const blocks: InvertedResidual[] = [];
  stages.outputs.forEach((channels, stage) => {
    const outputs = scaled(channels);
    const scaledCount = Math.ceil(Number((depth * stages.repeats[stage]!).toPrecision(12)));
    const count = lite && (stage === 0 || stage === last) ? stages.repeats[stage]! : scaledCount;
    for (let index = 0; index < count; index++) {
      const first = lite && stage === 0 ? stages.inputs[0]! : scaled(stages.inputs[stage]!);
      const inputs = index === 0 ? first : outputs;
      const stride = index === 0 ? stages.strides[stage]! : 1;
      const kernel = stages.kernels[stage]!;
      const expansion = stages.expansions[stage]!;
      const place = { number: blocks.length, stage, index, expands: expansion !== 1 };
      const squeeze = lite
        ? {}
        : { squeeze: { ...style.squeeze(place), channels: Math.max(1, Math.trunc(inputs * ratio)) } };
      blocks.push({
        ...style.block(place),
        ...squeeze,
        ...{ inputs, inner: inputs * expansion, outputs, kernel, stride },
        padding: paddingOf(place.number, kernel, stride),
        residual: isHuggingFace ? stride === 1 && index > 0 : stride === 1 && inputs === outputs,
      });
    }
  });
  const pooling = isHuggingFace ? config.text('pooling_type', 'mean') : 'mean';
  if (pooling !== 'mean' && pooling !== 'max') {
    throw new CrossmodalError(`${config.label}: pooling_type must be 'mean' or 'max', got '${pooling}'`);
  }
  const classes = weights.entries.get(`${style.head}.weight`)?.shape[0];
  const stemPadding: Padding = symmetric ? 'half' : isHuggingFace ? [0, 1, 0, 1] : 'same';
  return invertedResidualNet({
    stem: { pair: style.stem, channels: lite ? 32 : scaled(32), padding: stemPadding },
    blocks,
    top: { pair: style.top, channels: lite ? 1280 : scaled(1280) },
    head: classes === undefined ? undefined : { name: style.head, classes },
    prefixes: ['', 'efficientnet.'],
    activation: activationOf(config.label, lite ? 'relu6' : config.text('hidden_act', 'swish')),
    epsilon: isHuggingFace ? config.number('batch_norm_eps', 1e-3) : symmetric ? 1e-5 : 1e-3,
    momentum: isHuggingFace ? config.number('batch_norm_momentum', 0.99) : symmetric ? 0.1 : 0.01,
    pooling,
    inputChannels: config.size('num_channels', 3),
    size: [side, side],
  });
}
