import { CrossmodalError, type StoredWeights } from '@crossmodal/core';
import { activationOf, type Config } from '@crossmodal/core/blocks';
import { pairOf, type VisionArchitecture } from '../vision-architecture.js';
import { type InvertedResidual, invertedResidualNet, type Pair } from './inverted-residual.js';

/** Output channels, how often, stride, and by how much blocks expand: table 2 of the paper. */
const table = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/** Channels as a multiple of `divisor`, never more than a tenth fewer. */
export function divisible(value: number, divisor: number, least = divisor): number {
  const rounded = Math.max(least, Math.floor(Math.trunc(value + divisor / 2) / divisor) * divisor);
  return rounded < 0.9 * value ? rounded + divisor : rounded;
}

interface Names {
  stem: Pair;
  block(place: { number: number; stage: number; index: number; expands: boolean }): {
    expand?: Pair;
    depthwise: Pair;
    project: Pair;
  };
  top: Pair;
  head: string;
}

const pair = (at: string): Pair => [`${at}.convolution`, `${at}.normalization`];

const huggingFace: Names = {
  stem: pair('conv_stem.first_conv'),
  block({ number }) {
    const at = number === 0 ? 'conv_stem' : `layer.${number - 1}`;
    const expand = number === 0 ? {} : { expand: pair(`${at}.expand_1x1`) };
    return { ...expand, depthwise: pair(`${at}.conv_3x3`), project: pair(`${at}.reduce_1x1`) };
  },
  top: pair('conv_1x1'),
  head: 'classifier',
};

const torchvision: Names = {
  stem: ['features.0.0', 'features.0.1'],
  block({ number, expands }) {
    const at = `features.${number + 1}.conv`;
    if (!expands) return { depthwise: [`${at}.0.0`, `${at}.0.1`], project: [`${at}.1`, `${at}.2`] };
    return {
      expand: [`${at}.0.0`, `${at}.0.1`],
      depthwise: [`${at}.1.0`, `${at}.1.1`],
      project: [`${at}.2`, `${at}.3`],
    };
  },
  top: ['features.18.0', 'features.18.1'],
  head: 'classifier.1',
};

/** timm's names, which its EfficientNets have too. */
export const timmBlock = (stage: number, index: number, expands: boolean) => {
  const at = `blocks.${stage}.${index}`;
  const first: Pair = [`${at}.conv_pw`, `${at}.bn1`];
  return expands
    ? {
        expand: first,
        depthwise: [`${at}.conv_dw`, `${at}.bn2`] as Pair,
        project: [`${at}.conv_pwl`, `${at}.bn3`] as Pair,
      }
    : { depthwise: [`${at}.conv_dw`, `${at}.bn1`] as Pair, project: [`${at}.conv_pw`, `${at}.bn2`] as Pair };
};

const timm: Names = {
  stem: ['conv_stem', 'bn1'],
  block: ({ stage, index, expands }) => timmBlock(stage, index, expands),
  top: ['conv_head', 'bn2'],
  head: 'classifier',
};

/** MobileNetV2 under the names of transformers, torchvision or timm. @see Sandler et al. (2018) */
export function mobilenetV2(config: Config, weights: StoredWeights): VisionArchitecture {
  const has = (name: string) => ['', 'mobilenet_v2.'].some((prefix) => weights.entries.has(prefix + name));
  const style = has('features.0.0.weight') ? torchvision : has('conv_stem.weight') ? timm : huggingFace;
  const isHuggingFace = style === huggingFace;
  const multiplier = config.number('depth_multiplier', 1);
  const divisor = config.size('depth_divisible_by', 8);
  const least = config.size('min_depth', 8);
  const expansion = config.number('expand_ratio', 6);
  const channelsOf = (channels: number) => divisible(Math.round(channels * multiplier), divisor, least);
  if (isHuggingFace && !config.flag('first_layer_is_expansion', true)) {
    throw new CrossmodalError(`${config.label}: first_layer_is_expansion must be true, it is not supported otherwise`);
  }
  const padding = isHuggingFace && config.flag('tf_padding', true) ? 'same' : 'half';
  const limit = isHuggingFace ? config.size('output_stride', 32) : 32;
  const stem = channelsOf(32);
  const blocks: InvertedResidual[] = [];
  let inputs = stem;
  let reached = 2;
  let dilation = 1;
  table.forEach(([expand, channels, count, first], stage) => {
    for (let index = 0; index < count; index++) {
      const outputs = channelsOf(channels);
      let stride = index === 0 ? first : 1;
      let ownDilation = 1;
      if (reached === limit) {
        ownDilation = dilation;
        dilation *= stride;
        stride = 1;
      } else {
        reached *= stride;
      }
      const expands = expand > 1;
      const inner = expands ? divisible(Math.round(inputs * expansion), divisor, least) : inputs;
      blocks.push({
        ...style.block({ number: blocks.length, stage, index, expands }),
        ...{ inputs, inner, outputs, kernel: 3, stride, dilation: ownDilation, padding },
        residual: stride === 1 && inputs === outputs && blocks.length > 0,
      });
      inputs = outputs;
    }
  });
  const fine = isHuggingFace && config.flag('finegrained_output', true);
  const top = fine && multiplier < 1 ? 1280 : isHuggingFace ? channelsOf(1280) : Math.max(1280, channelsOf(1280));
  const classes = weights.entries.get(`${style.head}.weight`)?.shape[0];
  return invertedResidualNet({
    stem: { pair: style.stem, channels: stem, padding },
    blocks,
    top: { pair: style.top, channels: top },
    head: classes === undefined ? undefined : { name: style.head, classes },
    prefixes: ['', 'mobilenet_v2.'],
    activation: activationOf(config.label, config.text('hidden_act', 'relu6')),
    epsilon: isHuggingFace ? config.number('layer_norm_eps', 1e-3) : 1e-5,
    momentum: isHuggingFace ? 0.997 : 0.1, // what transformers gives to torch
    inputChannels: config.size('num_channels', 3),
    size: pairOf(config, 'image_size', 224),
  });
}
