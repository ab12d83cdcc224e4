import { sgd } from '@crossmodal/core/optimisers';
import { alternatingStep } from '@crossmodal/core/step';
import { expectNoLeak } from '@crossmodal/testkit';
import type { Scalar } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { adda, sourceOnly } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';
import { assign, hiddenLayer } from './networks.js';
import { denseFeatures, seededMatrix } from './synthetic.js';

useTestBackend();

function build(hidden: readonly number[]) {
  const sourceFeatures = hiddenLayer(20, 16);
  const source = sourceOnly({ features: sourceFeatures, classes: 4, seed: 1 });
  return {
    source,
    sourceFeatures,
    make: () => adda({ source, sourceFeatures, targetFeatures: hiddenLayer(20, 16), seed: 2, hidden }),
  };
}

describe('adda', () => {
  it('agrees with torch: discriminator, then target encoder against the new discriminator', () => {
    const { entry, tolerance, input, output } = goldenCase('adaptation', 'adda_step');
    const { lr } = entry.options as { lr: number };
    const { source, make } = build([]);
    assign(source.namedVariables(), {
      'features/hidden/kernel': input('source_w'),
      'features/hidden/bias': input('source_b'),
    });
    const adapted = make();
    const named = adapted.namedVariables();
    expect(named['features/hidden/kernel'] as tf.Tensor).toBeAllclose(input('source_w'));
    assign(named, { 'domain/0/kernel': input('disc_w'), 'domain/0/bias': input('disc_b') });
    const batch = { source: input('source'), target: input('target') };
    const gradients = tf.variableGrads(() => adapted.objectives.discriminator.loss(batch).loss).grads;
    expect(gradients[named['domain/0/kernel']?.name as string] as tf.Tensor).toBeAllclose(
      output('grad.disc_w'),
      tolerance,
    );
    const step = alternatingStep(adapted, {
      objectives: {
        discriminator: { optimizer: sgd({ learningRate: lr }) },
        encoder: { optimizer: sgd({ learningRate: lr }) },
      },
    });
    const metrics = step.run(batch);
    expect(metrics['discriminator/loss'] as Scalar).toBeAllclose(output('loss_d'), tolerance);
    expect(metrics['encoder/loss'] as Scalar).toBeAllclose(output('loss_target'), tolerance);
    expect(named['domain/0/kernel'] as tf.Tensor).toBeAllclose(output('after.disc_w'), tolerance);
    expect(named['domain/0/bias'] as tf.Tensor).toBeAllclose(output('after.disc_b'), tolerance);
    expect(named['features/hidden/kernel'] as tf.Tensor).toBeAllclose(output('after.target_w'), tolerance);
    expect(named['features/hidden/bias'] as tf.Tensor).toBeAllclose(output('after.target_b'), tolerance);
    expect(source.namedVariables()['features/hidden/kernel'] as tf.Tensor).toBeAllclose(input('source_w'));
  });

  it('starts as the source classifier', () => {
    const { source, make } = build([8]);
    const x = seededMatrix(5, 20, 3);
    expect(make().classify(x)).toBeAllclose(source.classify(x));
  });

  it('refuses extractors that differ, and leaks nothing', async () => {
    const { source, sourceFeatures, make } = build([8]);
    const other = (targetFeatures: ReturnType<typeof hiddenLayer>) =>
      adda({ source, sourceFeatures, targetFeatures, seed: 1 });
    expect(() => other(hiddenLayer(20, 15))).toThrow("'hidden/kernel' is [20,16] and [20,15]");
    expect(() => other(denseFeatures(20, 16, 1))).toThrow('must have the same weights, only one has');
    expect(() => other(sourceFeatures)).toThrow('targetFeatures must be another model');
    await expectNoLeak(() => make().dispose());
    const adapted = make();
    const batch = { source: seededMatrix(3, 20, 4), target: seededMatrix(3, 20, 5) };
    await expectNoLeak(() => [
      adapted.objectives.discriminator.loss(batch),
      adapted.objectives.encoder.loss(batch),
      adapted.classify(batch.target),
    ]);
  });
});
