import '@tensorflow/tfjs-backend-cpu';
import { golden, goldenIndex } from '@crossmodal/testkit';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { describe, expect, test } from 'vitest';
import { namedVariables } from '../../src/index.js';
import {
  type ActivationName,
  attentionBias,
  gelu,
  geluTanh,
  groupNormalization,
  l2Normalize,
  multiHeadAttention,
  scaledDotProductAttention,
  spectralNormalization,
  transformerBlock,
} from '../../src/layers/index.js';
import { useTestBackend } from '../device/backends.js';

interface Case {
  name: string;
  options: Record<string, unknown>;
  tolerance: { rtol: number; atol: Record<string, number> };
}

interface SelfOptions {
  embed: number;
  heads: number;
  target: number;
  mask?: string;
  bias?: boolean;
}

interface BlockOptions {
  d_model: number;
  heads: number;
  ff: number;
  length: number;
  memory?: number;
  activation?: ActivationName;
  norm_first?: boolean;
  mask?: string;
}

const folder = new URL('../golden/layers/', import.meta.url);
const { cases } = goldenIndex<{ cases: Case[] }>(folder);
const named = (prefix: string) => cases.filter(({ name }) => name.startsWith(prefix));

useTestBackend();

/** torch's [out, in] to ours [in, out]. */
const turn = (x: Tensor) => tf.transpose(x);
const same = (x: Tensor) => x;
/** Channels first to channels last. */
const channelsLast = (x: Tensor) => tf.transpose(x, [0, ...Array.from({ length: x.rank - 2 }, (_, i) => i + 2), 1]);

/** What is compared: a value or gradient by the name of the golden file, ours turned into its layout by `layout`. */
interface Link {
  variable: tf.Variable;
  layout: (x: Tensor) => Tensor;
}

/**
 * Sets the parameters, computes outputs and the gradients of sum(cotangent * output) with respect to inputs and
 * parameters, and compares all of them.
 */
function check(
  { name, tolerance }: Case,
  file: ReturnType<typeof golden>,
  {
    parameters,
    inputs,
    run,
    layout = same,
  }: {
    parameters: Record<string, Link>;
    inputs: string[];
    run: (...inputs: Tensor[]) => Record<string, Tensor>;
    layout?: (x: Tensor) => Tensor;
  },
) {
  for (const [key, { variable, layout: turned }] of Object.entries(parameters)) {
    variable.assign(turned(file.tensor(`param.${key}`)));
  }
  const x = inputs.map((key) => tf.variable(layout(file.tensor(`in.${key}`))));
  const compare = (key: string, actual: Tensor, expected: Tensor) =>
    expect(actual, `${name} ${key}`).toBeAllclose(expected, { rtol: tolerance.rtol, atol: tolerance.atol[key] ?? 0 });
  const loss = () => {
    const outputs = run(...x);
    const parts = Object.entries(outputs).map(([key, output]) => {
      const shaped = key === 'y' ? layout(file.tensor(`out.${key}`)) : file.tensor(`out.${key}`);
      compare(`out.${key}`, output, shaped);
      const cotangent = file.tensor(`cotangent.${key}`);
      return tf.sum(tf.mul(output, key === 'y' ? layout(cotangent) : cotangent));
    });
    return tf.addN(parts) as tf.Scalar;
  };
  const variables = [...x, ...Object.values(parameters).map(({ variable }) => variable)];
  const { grads } = tf.variableGrads(loss, variables);
  inputs.forEach((key, i) => {
    compare(`grad.${key}`, grads[x[i]!.name]!, layout(file.tensor(`grad.${key}`)));
  });
  for (const [key, { variable, layout: turned }] of Object.entries(parameters)) {
    compare(`grad.${key}`, grads[variable.name]!, turned(file.tensor(`grad.${key}`)));
  }
  tf.dispose(x);
}

const allowed = (forbidden: Tensor) => tf.sub(1, tf.cast(forbidden, 'float32'));

describe('scaledDotProductAttention equals torch', () => {
  test.each(named('attention_'))('$name', (example) => {
    const file = golden(new URL(`${example.name}.safetensors`, folder));
    const { mask, scale } = example.options as { mask?: string; scale?: number };
    const bias =
      mask === 'bool'
        ? tf.mul(tf.sub(1, tf.cast(file.tensor('in.mask'), 'float32')), -1e9)
        : mask === 'float'
          ? file.tensor('in.mask')
          : undefined;
    check(example, file, {
      parameters: {},
      inputs: ['query', 'key', 'value'],
      run: (query, key, value) => ({
        y: scaledDotProductAttention(query as Tensor4D, key as Tensor4D, value as Tensor4D, { bias, scale }).output,
      }),
    });
  });
});

describe('multiHeadAttention equals torch', () => {
  test.each(named('mha_self').concat(named('mha_no_bias')))('$name', (example) => {
    const file = golden(new URL(`${example.name}.safetensors`, folder));
    const { embed, heads, mask = '', bias = true, target } = example.options as unknown as SelfOptions;
    const layer = multiHeadAttention({ heads, bias, causal: mask.includes('causal'), seed: 1 });
    layer.build([null, target, embed]);
    const weights = namedVariables(Object.assign(layer, { built: true }));
    const link = (key: string, layout: (x: Tensor) => Tensor): Link => ({ variable: weights[key]!, layout });
    const padding = mask.includes('padding') ? allowed(file.tensor('in.key_padding_mask')) : undefined;
    check(example, file, {
      parameters: {
        in_proj_weight: link('input_kernel', turn),
        'out_proj.weight': link('output_kernel', turn),
        ...(bias ? { in_proj_bias: link('input_bias', same), 'out_proj.bias': link('output_bias', same) } : {}),
      },
      inputs: ['query'],
      run: (query) => {
        const { output, weights: attention } = layer.attend(padding ? [query!, padding] : query!);
        return { y: output, weights: tf.mean(attention, 1) };
      },
    });
  });

  test.each(named('mha_cross'))('$name, keys and values side by side as one memory', (example) => {
    const file = golden(new URL(`${example.name}.safetensors`, folder));
    const { embed, heads, target, source, kdim = embed, vdim = embed } = example.options as Record<string, number>;
    const layer = multiHeadAttention({ heads: heads!, attendsTo: 'memory', seed: 1 });
    layer.build([
      [null, target!, embed!],
      [null, source!, kdim! + vdim!],
    ]);
    const weights = namedVariables(Object.assign(layer, { built: true }));
    const whole = 'param.in_proj_weight' in file.raw;
    const part = (name: string, i: number) =>
      whole ? tf.slice(file.tensor(`${name}.in_proj_weight`), [i * embed!, 0], [embed!, -1]) : undefined;
    const pick = (name: string, letter: string, i: number) =>
      turn(part(name, i) ?? file.tensor(`${name}.${letter}_proj_weight`));
    weights['input_kernel']!.assign(pick('param', 'q', 0));
    const blocks = (key: Tensor, value: Tensor) =>
      tf.concat(
        [
          tf.pad(key, [
            [0, 0],
            [0, embed!],
          ]),
          tf.pad(value, [
            [0, 0],
            [embed!, 0],
          ]),
        ],
        0,
      );
    weights['memory_kernel']!.assign(blocks(pick('param', 'k', 1), pick('param', 'v', 2)));
    const inputBias = file.tensor('param.in_proj_bias');
    weights['input_bias']!.assign(tf.slice(inputBias, 0, embed!));
    weights['memory_bias']!.assign(tf.slice(inputBias, embed!, 2 * embed!));
    const mask = 'in.key_padding_mask' in file.raw ? allowed(file.tensor('in.key_padding_mask')) : undefined;
    check(example, file, {
      parameters: {
        'out_proj.weight': { variable: weights['output_kernel']!, layout: turn },
        'out_proj.bias': { variable: weights['output_bias']!, layout: same },
      },
      inputs: ['query', 'key', 'value'],
      run: (query, key, value) => {
        const memory = tf.concat([key!, value!], 2);
        const { output, weights: attention } = layer.attend(mask ? [query!, memory, mask] : [query!, memory]);
        return { y: output, weights: tf.mean(attention, 1) };
      },
    });
  });
});

describe('transformerBlock equals torch', () => {
  test.each(named('encoder_layer').concat(named('decoder_layer')))('$name', (example) => {
    const file = golden(new URL(`${example.name}.safetensors`, folder));
    const options = example.options as unknown as BlockOptions;
    const { d_model: width, heads, ff, length, memory, activation = 'relu', norm_first: pre, mask = '' } = options;
    const layer = transformerBlock({
      heads,
      hidden: ff,
      activation,
      normalization: pre ? 'pre' : 'post',
      causal: mask.includes('causal'),
      memory: memory !== undefined,
      seed: 1,
    });
    const shape = [null, length, width];
    layer.build(memory === undefined ? shape : [shape, [null, memory, width]]);
    const weights = namedVariables(Object.assign(layer, { built: true }));
    const link = (key: string, layout: (x: Tensor) => Tensor): Link => ({ variable: weights[key]!, layout });
    const parameters: Record<string, Link> = {
      'self_attn.in_proj_weight': link('attention_input_kernel', turn),
      'self_attn.in_proj_bias': link('attention_input_bias', same),
      'self_attn.out_proj.weight': link('attention_output_kernel', turn),
      'self_attn.out_proj.bias': link('attention_output_bias', same),
      'linear1.weight': link('inner_kernel', turn),
      'linear1.bias': link('inner_bias', same),
      'linear2.weight': link('outer_kernel', turn),
      'linear2.bias': link('outer_bias', same),
    };
    for (const i of memory === undefined ? [1, 2] : [1, 2, 3]) {
      parameters[`norm${i}.weight`] = link(`norm${i}_gamma`, same);
      parameters[`norm${i}.bias`] = link(`norm${i}_beta`, same);
    }
    if (memory !== undefined) {
      // torch stacks query, key and value; ours keeps the query apart from the memory.
      const stacked = turn(file.tensor('param.multihead_attn.in_proj_weight'));
      const bias = file.tensor('param.multihead_attn.in_proj_bias');
      weights['memory_attention_input_kernel']!.assign(tf.slice(stacked, [0, 0], [width, width]));
      weights['memory_attention_memory_kernel']!.assign(tf.slice(stacked, [0, width], [width, 2 * width]));
      weights['memory_attention_input_bias']!.assign(tf.slice(bias, 0, width));
      weights['memory_attention_memory_bias']!.assign(tf.slice(bias, width, 2 * width));
      parameters['multihead_attn.out_proj.weight'] = link('memory_attention_output_kernel', turn);
      parameters['multihead_attn.out_proj.bias'] = link('memory_attention_output_bias', same);
    }
    const masks = mask.includes('padding');
    const own = masks ? [allowed(file.tensor('in.key_padding_mask'))] : [];
    const ofMemory = masks && memory !== undefined ? [allowed(file.tensor('in.memory_key_padding_mask'))] : [];
    check(example, file, {
      parameters,
      inputs: memory === undefined ? ['x'] : ['x', 'memory'],
      run: (...x) => ({ y: layer.call([...x, ...ofMemory, ...own]) }),
    });
  });
});

describe('groupNormalization equals torch', () => {
  test.each(named('group_norm').concat(named('instance_norm2d')))('$name', (example) => {
    const file = golden(new URL(`${example.name}.safetensors`, folder));
    const { args, eps } = example.options as { args: number[]; eps?: number };
    const groups = args[0]!;
    const layer = groupNormalization({ groups, epsilon: eps ?? 1e-5 });
    const shape = channelsLast(file.tensor('in.x')).shape;
    layer.build(shape);
    const weights = namedVariables(Object.assign(layer, { built: true }));
    check(example, file, {
      parameters: {
        weight: { variable: weights['gamma']!, layout: same },
        bias: { variable: weights['beta']!, layout: same },
      },
      inputs: ['x'],
      run: (x) => ({ y: layer.call(x!) }),
      layout: channelsLast,
    });
  });
});

describe('spectralNormalization equals torch', () => {
  test.each(named('spectral_norm'))('$name', (example) => {
    const file = golden(new URL(`${example.name}.safetensors`, folder));
    const {
      layer: kind,
      args,
      iterations,
      train = true,
    } = example.options as {
      layer: string;
      args: number[];
      iterations: number;
      train?: boolean;
    };
    const [, filters, kernelSize] = args as [number, number, number];
    const layers: Record<string, () => tfl.layers.Layer> = {
      Linear: () => tfl.layers.dense({ units: filters }),
      Conv2d: () => tfl.layers.conv2d({ filters, kernelSize }),
      ConvTranspose2d: () => tfl.layers.conv2dTranspose({ filters, kernelSize }),
    };
    const layer = spectralNormalization({ layer: layers[kind]!(), iterations });
    const flat = kind === 'Linear';
    const turned = flat ? same : channelsLast;
    layer.build(turned(file.tensor('in.x')).shape);
    layer.built = true;
    // torch's kernels: [out, in, h, w], transposed ones [in, out, h, w]; ours: [h, w, in, out] and [h, w, out, in].
    const kernelLayout = (x: Tensor) => (flat ? turn(x) : tf.transpose(x, [2, 3, 1, 0]));
    const find = (name: string) =>
      layer.weights.find((weight) => weight.originalName.endsWith(name))!.read() as tf.Variable;
    const state = 'parametrizations.weight.0';
    // torch's v runs over (in, h, w), ours over (h, w, in).
    const vector = (x: Tensor) => {
      if (flat) return x;
      const [channels] = args as [number];
      const [height, width] = [kernelSize, kernelSize];
      return tf.reshape(tf.transpose(tf.reshape(x, [channels, height, width]), [1, 2, 0]), [-1]);
    };
    find('left').assign(file.tensor(`state.${state}._u`));
    find('right').assign(vector(file.tensor(`state.${state}._v`)));
    check(example, file, {
      parameters: {
        'parametrizations.weight.original': { variable: find('kernel'), layout: kernelLayout },
        bias: { variable: find('bias'), layout: same },
      },
      inputs: ['x'],
      run: (x) => ({ y: layer.call(x!, { training: train }) as Tensor }),
      layout: turned,
    });
    if (train) {
      const atol = (key: string) => ({ rtol: 1e-4, atol: example.tolerance.atol[key] ?? 0 });
      expect(find('left')).toBeAllclose(file.tensor(`out.${state}._u`), atol(`out.${state}._u`));
      expect(find('right')).toBeAllclose(vector(file.tensor(`out.${state}._v`)), atol(`out.${state}._v`));
    }
  });
});

describe('activations equal torch', () => {
  test.each([
    ['activation_gelu_exact', gelu],
    ['activation_gelu_tanh', geluTanh],
    ['activation_normalize', l2Normalize],
  ] as const)('%s', (name, run) => {
    const example = cases.find((candidate) => candidate.name === name)!;
    const file = golden(new URL(`${name}.safetensors`, folder));
    check(example, file, { parameters: {}, inputs: ['x'], run: (x) => ({ y: run(x!) }) });
  });
});

test('attentionBias of nothing is nothing', () => {
  expect(attentionBias({})).toBeUndefined();
});
