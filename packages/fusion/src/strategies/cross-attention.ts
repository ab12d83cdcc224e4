import {
  assertKnownOptions,
  CrossmodalError,
  disposeVariables,
  type NamedVariables,
  namedVariables,
  prefixed,
  requireInteger,
  requireRate,
} from '@crossmodal/core';
import { poolSequence, transformerBlock } from '@crossmodal/core/layers';
import type { Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { linear } from '../internal/linear.js';
import type { FusionStrategy, ModalityShape } from './fusion-strategy.js';

export interface CrossAttentionOptions {
  /**
   * Width of all words, regions and frames behind their projections.
   * @default 128
   */
  dimension?: number;
  /** @default 4 */
  heads?: number;
  /**
   * Layers in which each modality attends to itself and to the others.
   * @default 1
   */
  blocks?: number;
  /** @default 0.1 */
  dropout?: number;
  /** Modalities that attend; the others are only attended to. All unless given. */
  readers?: readonly string[];
  /**
   * Width of `encodeSequence` where it is not the encoder's dimension, by modality.
   * @default {}
   */
  widths?: Readonly<Record<string, number>>;
}

/**
 * Each modality's words, regions or frames attend to those of all the others, in Transformer layers (self-attention,
 * attention to the others, feed-forward), and are averaged; the averages stand side by side. Missing modalities are
 * neither attended to nor averaged: their part is zero.
 *
 * @throws CrossmodalError when a size is out of range, an encoder has no `encodeSequence`, or a sequence has another width
 * @see Lu et al.: ViLBERT (2019), section 3.1; Tan and Bansal: LXMERT (2019), section 2.2
 * @example
 * const strategy = crossAttention({ dimension: 64, heads: 4, readers: ['question'] }); // a question looks at a picture
 */
export function crossAttention(options: CrossAttentionOptions = {}): FusionStrategy {
  assertKnownOptions('crossAttention', options, {
    dimension: true,
    heads: true,
    blocks: true,
    dropout: true,
    readers: true,
    widths: true,
  } satisfies Record<keyof CrossAttentionOptions, true>);
  const { dimension = 128, heads = 4, blocks = 1, dropout = 0.1, readers, widths = {} } = options; // 0.1: Vaswani et al.
  requireInteger('crossAttention: dimension', dimension);
  requireInteger('crossAttention: heads', heads);
  requireInteger('crossAttention: blocks', blocks);
  requireRate('crossAttention: dropout', dropout);
  if (dimension % heads !== 0) {
    throw new CrossmodalError(`crossAttention: heads must divide dimension, got ${heads} and ${dimension}`);
  }
  return {
    saved: { type: 'crossAttention', options: { dimension, heads, blocks, dropout, readers, widths } },
    build(modalities, { random }) {
      checkModalities(modalities, { readers, widths });
      const reading = modalities.map(({ name }) => name).filter((name) => readers?.includes(name) ?? true);
      const widthOf = ({ name, dimension: own }: ModalityShape) => widths[name] ?? own;
      const projections = modalities.map((modality) => ({
        name: modality.name,
        width: widthOf(modality),
        layer: linear({ inputs: widthOf(modality), outputs: dimension, random: random.fork(`in/${modality.name}`) }),
      }));
      const readings = reading.map((name) => ({
        name,
        layers: Array.from({ length: blocks }, (_, i) => {
          const seed = random.fork(`block/${name}/${i}`).integer(2 ** 31);
          const layer = transformerBlock({ heads, dropout, memory: true, seed, name: `block${i}` });
          tf.tidy(() =>
            layer.build([
              [null, null, dimension],
              [null, null, dimension],
            ]),
          );
          return layer;
        }),
      }));
      const variables: NamedVariables = Object.assign(
        {},
        ...projections.map(({ name, layer }) => prefixed(`in/${name}`, layer.namedVariables())),
        ...readings.flatMap(({ name, layers }) =>
          layers.map((layer, i) => prefixed(`block/${name}/${i}`, namedVariables(layer))),
        ),
      );
      return {
        dimension: reading.length * dimension,
        fuse: (features, { training }) =>
          tf.tidy(() => {
            const tokens = projections.map(({ name, width, layer }) => {
              const { sequence, mask } = features[name]!.sequence(width);
              return { name, tokens: layer.apply(sequence), mask };
            });
            const pooled = readings.map(({ name, layers }) => {
              const own = tokens.find((entry) => entry.name === name)!;
              const others = tokens.filter((entry) => entry.name !== name);
              const memory = joined(others.map((entry) => entry.tokens));
              const memoryMask = joined(others.map((entry) => entry.mask));
              const attended = layers.reduce(
                (state, layer) => layer.apply([state, memory, memoryMask, own.mask], { training }) as Tensor3D,
                own.tokens,
              );
              return poolSequence(attended, own.mask, { mode: 'mean' });
            });
            return (pooled.length === 1 ? pooled[0]! : tf.concat(pooled, 1)) as Tensor2D;
          }),
        namedVariables: () => ({ ...variables }),
        dispose: () => disposeVariables(variables),
      };
    },
  };
}

function joined<T extends Tensor2D | Tensor3D>(parts: readonly T[]): T {
  return (parts.length === 1 ? parts[0]! : tf.concat([...parts] as Tensor2D[], 1)) as T;
}

function checkModalities(
  modalities: readonly ModalityShape[],
  { readers, widths }: { readers: readonly string[] | undefined; widths: Readonly<Record<string, number>> },
): void {
  const names = modalities.map(({ name }) => name);
  for (const [option, list] of Object.entries({ readers: readers ?? [], widths: Object.keys(widths) })) {
    const unknown = list.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new CrossmodalError(
        `crossAttention: ${option} must name modalities (${names.join(', ')}), got '${unknown}'`,
      );
    }
  }
  if (readers?.length === 0) throw new CrossmodalError('crossAttention: readers must name a modality, got none');
  for (const width of Object.values(widths)) requireInteger('crossAttention: widths', width);
  const without = modalities.find(({ hasSequence }) => !hasSequence);
  if (without) {
    throw new CrossmodalError(`crossAttention: the ${without.name} encoder must have encodeSequence, it has not`, {
      remedy: 'give defineEncoder a sequenceModel, or use concatenation(), gated() or lowRankBilinear()',
    });
  }
}
