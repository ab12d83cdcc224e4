import { type NamedVariables, prefixed, type Random } from '@crossmodal/core';
import { dropout } from '@crossmodal/core/layers';
import type { Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { linear } from './linear.js';

/** What stands behind a fusion: hidden layers (linear, dropout, ReLU) and a linear one. */
export interface Head {
  /** [batch, inputs] to [batch, outputs] */
  apply(x: Tensor2D, options: { training: boolean }): Tensor2D;
  namedVariables(): NamedVariables;
  dispose(): void;
}

export interface HeadOptions {
  inputs: number;
  hidden: readonly number[];
  outputs: number;
  /** Share of the values of each hidden layer set to zero when training. */
  rate: number;
  random: Random;
}

/** Linear, dropout, ReLU for each hidden width, and a last linear layer. */
export function head({ inputs, hidden, outputs, rate, random }: HeadOptions): Head {
  const widths = [inputs, ...hidden, outputs];
  const layers = widths
    .slice(1)
    .map((units, i) => linear({ inputs: widths[i] as number, outputs: units, random: random.fork(`layer${i}`) }));
  const noise = random.fork('dropout');
  return {
    apply: (x, { training }) =>
      tf.tidy(() =>
        layers.reduce((value, layer, i) => {
          const y = layer.apply(value);
          return i < hidden.length ? tf.relu(dropout(y, { rate, random: noise, training })) : y;
        }, x),
      ),
    namedVariables: () =>
      Object.assign({}, ...layers.map((layer, i) => prefixed(String(i), layer.namedVariables()))) as NamedVariables,
    dispose: () => {
      for (const layer of layers) layer.dispose();
    },
  };
}
