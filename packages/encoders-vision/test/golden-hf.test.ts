import { type HuggingFaceCase, huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { loadImageEncoder, type PretrainedImageEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

const toOurs = (pixels: tf.Tensor) => tf.transpose(pixels, [0, 2, 3, 1]);
const toTheirs = (pixels: tf.Tensor) => tf.transpose(pixels, [0, 3, 1, 2]);

/** A gradient in the order of torch's axes. */
function asStored(gradient: tf.Tensor, shape: number[]): tf.Tensor {
  if (gradient.rank !== 4 || gradient.shape.join() === shape.join()) return gradient;
  const isDepthwise = shape[1] === 1 && gradient.shape[3] === 1;
  return tf.transpose(gradient, isDepthwise ? [2, 3, 0, 1] : [3, 2, 0, 1]);
}

function compareGradients(
  golden: HuggingFaceCase,
  encoder: PretrainedImageEncoder,
  loss: (pixels: tf.Tensor) => tf.Tensor,
) {
  const pixels = toOurs(golden.tensor('in.pixel_values'));
  const variables = encoder.namedVariables();
  const { grads } = tf.variableGrads(() => loss(pixels) as tf.Scalar, encoder.trainableVariables());
  const names = Object.keys(golden.raw).filter(
    (name) => name.startsWith('grad.') && !/pixel_values|input_emb/.test(name),
  );
  for (const name of names) {
    const variable = variables[name.slice(5)]!;
    if (!variable) continue;
    const expected = golden.tensor(name);
    expect(asStored(grads[variable.name]!, expected.shape), name).toBeAllclose(expected, golden.tolerance(name));
  }
  const gradient = tf.grad((x) => loss(x))(pixels);
  expect(toTheirs(gradient)).toBeAllclose(golden.tensor('grad.pixel_values'), golden.tolerance('grad.pixel_values'));
  return names.filter((name) => variables[name.slice(5)]).length;
}

describe('image models against transformers', () => {
  it.each([
    ...['vit', 'vit_interpolated_positions', 'deit', 'dinov2', 'dinov2_larger_image'],
    ...['dinov2_swiglu', 'dinov2_registers', 'dinov2_registers_larger', 'dinov2_registers_smaller'],
  ])('%s', async (name) => {
    const golden = huggingFaceCase(name);
    const encoder = await loadImageEncoder(golden.folder);
    const pixels = toOurs(golden.tensor('in.pixel_values'));
    expect(encoder.encodeSequence({ pixels }).sequence).toBeAllclose(
      golden.tensor('out.last_hidden_state'),
      golden.tolerance('out.last_hidden_state'),
    );
    expect(encoder.encode({ pixels })).toBeAllclose(
      golden.tensor('out.pooler_output'),
      golden.tolerance('out.pooler_output'),
    );
    const count = compareGradients(golden, encoder, (x) =>
      tf.add(
        tf.sum(tf.mul(encoder.encodeSequence({ pixels: x }).sequence, golden.tensor('cotangent.last_hidden_state'))),
        tf.sum(tf.mul(encoder.encode({ pixels: x }), golden.tensor('cotangent.pooler_output'))),
      ),
    );
    expect(count).toBeGreaterThanOrEqual(1);
  });

  it.each([
    ...['vit_classifier', 'dinov2_classifier', 'resnet_bottleneck'],
    ...['mobilenet_v2', 'mobilenet_v2_dilated', 'efficientnet'],
  ])('%s, with its head', async (name) => {
    const golden = huggingFaceCase(name);
    const encoder = await loadImageEncoder(golden.folder);
    const pixels = toOurs(golden.tensor('in.pixel_values'));
    const logits = encoder.logits!({ pixels });
    expect(logits).toBeAllclose(golden.tensor('out.logits'), golden.tolerance('out.logits'));
    expect(encoder.labels).toHaveLength(logits.shape[1]!);
    const count = compareGradients(golden, encoder, (x) =>
      tf.sum(tf.mul(encoder.logits!({ pixels: x }), golden.tensor('cotangent.logits'))),
    );
    expect(count).toBeGreaterThanOrEqual(1);
  });

  it.each(['resnet_basic', 'resnet_stride_first', 'resnet_gelu', 'efficientnet_max'])('%s', async (name) => {
    const golden = huggingFaceCase(name);
    const encoder = await loadImageEncoder(golden.folder);
    const pixels = toOurs(golden.tensor('in.pixel_values'));
    const map = golden.tensor('out.last_hidden_state');
    const [batch, channels, height, width] = map.shape as [number, number, number, number];
    const asMap = (sequence: tf.Tensor) => toTheirs(tf.reshape(sequence, [batch, height, width, channels]));
    const { sequence } = encoder.encodeSequence({ pixels });
    expect(asMap(sequence)).toBeAllclose(map, golden.tolerance('out.last_hidden_state'));
    const pooled = tf.reshape(golden.tensor('out.pooler_output'), [batch, channels]);
    expect(encoder.encode({ pixels })).toBeAllclose(pooled, golden.tolerance('out.pooler_output'));
    const cotangent = tf.reshape(golden.tensor('cotangent.pooler_output'), [batch, channels]);
    const count = compareGradients(golden, encoder, (x) =>
      tf.add(
        tf.sum(
          tf.mul(asMap(encoder.encodeSequence({ pixels: x }).sequence), golden.tensor('cotangent.last_hidden_state')),
        ),
        tf.sum(tf.mul(encoder.encode({ pixels: x }), cotangent)),
      ),
    );
    expect(count).toBeGreaterThanOrEqual(1);
  });

  it.each(['clip', 'clip_published_eos', 'siglip'])('the image tower of %s', async (name) => {
    const golden = huggingFaceCase(name);
    const encoder = await loadImageEncoder(golden.folder);
    const pixels = toOurs(golden.tensor('in.pixel_values'));
    expect(encoder.encodeSequence({ pixels }).sequence).toBeAllclose(
      golden.tensor('out.image_last_hidden_state'),
      golden.tolerance('out.image_last_hidden_state'),
    );
    const vector = encoder.encode({ pixels });
    expect(vector).toBeAllclose(golden.tensor('out.image_pooled'), golden.tolerance('out.image_pooled'));
    expect(tf.div(vector, tf.norm(vector, 2, 1, true))).toBeAllclose(
      golden.tensor('out.image_embeds'),
      golden.tolerance('out.image_embeds'),
    );
  });
});
