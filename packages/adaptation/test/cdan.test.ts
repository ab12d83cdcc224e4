import { expectNoLeak, expectNoLeakWhenThrowing } from '@crossmodal/testkit';
import type { Scalar, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { cdan, conditionalDomainLoss, type DomainBatch, entropyWeights, outerProduct } from '../src/index.js';
import { useTestBackend } from './backend.js';
import { goldenCase } from './golden.js';
import { hiddenLayer } from './networks.js';
import { seededMatrix } from './synthetic.js';

useTestBackend();

describe('conditionalDomainLoss', () => {
  it.each(['cdan', 'cdan_e_batch', 'cdan_e_domain_detached'])('agrees with PyKale: %s', (name) => {
    const { entry, tolerance, input, output } = goldenCase('adaptation', name);
    const options = entry.options as {
      lambda: number;
      entropy: boolean;
      detach_predictions: boolean;
      norm: 'batch' | 'domain';
    };
    const keys = ['features', 'class_logits', 'w1', 'b1', 'w2', 'b2'] as const;
    const inputs = keys.map((key) => input(key));
    const compute = (...tensors: tf.Tensor[]) => {
      const [features, classLogits, w1, b1, w2, b2] = tensors as [
        Tensor2D,
        Tensor2D,
        Tensor2D,
        Tensor1D,
        Tensor2D,
        Tensor1D,
      ];
      return conditionalDomainLoss(
        features,
        classLogits,
        (joined) => tf.add(tf.matMul(tf.relu(tf.add(tf.matMul(joined, w1), b1)), w2), b2),
        {
          sourceRows: features.shape[0] / 2,
          lambda: options.lambda,
          entropy: options.entropy,
          detachPredictions: options.detach_predictions,
          normalisation: options.norm,
        },
      );
    };
    const { loss, logits } = compute(...inputs);
    expect(loss).toBeAllclose(output('loss'), tolerance);
    expect(logits).toBeAllclose(output('logits'), tolerance);
    const predictions = tf.softmax(input<Tensor2D>('class_logits'));
    expect(tf.slice(outerProduct(input('features'), predictions), [0, 0], [1, 80])).toBeAllclose(
      tf.reshape(output('outer_product_row0') as tf.Tensor, [1, 80]),
      tolerance,
    );
    if (options.entropy) {
      const entropy = tf.neg(tf.log(tf.sub(entropyWeights(predictions), 1)));
      expect(entropy).toBeAllclose(output('entropy'), { rtol: 1e-4, atol: 1e-5 });
    }
    // Detached predictions are constants: of those, tf.grads would ask in vain.
    const connected = (tensors: tf.Tensor[]) => tf.mul(0, tf.sum(tensors[1]!));
    const gradients = tf.grads((...tensors: tf.Tensor[]) => tf.add(compute(...tensors).loss, connected(tensors)))(
      inputs,
    );
    keys.forEach((key, i) => {
      expect(gradients[i] as tf.Tensor, key).toBeAllclose(output(`grad.${key}`), tolerance);
    });
  });

  it('weighs sure predictions twice as much as open ones', () => {
    const weights = entropyWeights(
      tf.tensor2d([
        [1, 0, 0, 0],
        [0.25, 0.25, 0.25, 0.25],
      ]),
    );
    expect(weights).toBeAllclose([2, 1.25], { rtol: 1e-3 });
  });

  it('refuses domains without rows', () => {
    const f = tf.zeros([4, 2]) as Tensor2D;
    const identity = (x: Tensor2D) => tf.slice(x, [0, 0], [4, 1]);
    expect(() => conditionalDomainLoss(f, f, identity, { sourceRows: 4 })).toThrow('got 4 of 4 from the source');
    expect(() => conditionalDomainLoss(f, tf.zeros([3, 2]), identity, { sourceRows: 2 })).toThrow(
      'equally many rows, got 4 and 3',
    );
  });
});

describe('cdan', () => {
  const batch = (): DomainBatch => ({
    source: seededMatrix(6, 5, 1),
    target: seededMatrix(4, 5, 2),
    labels: tf.tensor1d([0, 1, 2, 0, 1, 2], 'int32'),
  });

  it('reports its terms and trains everything', () => {
    const model = cdan({ features: hiddenLayer(5, 7), classes: 3, seed: 1, lambda: 0.5 });
    const { loss, classification, domain } = model.loss(batch(), { training: true });
    expect(loss).toBeAllclose(tf.add(classification, domain as Scalar));
    expect(domain as Scalar).toBeAllclose(Math.log(2), { atol: 0.4 });
    const { grads } = tf.variableGrads(() => model.loss(batch(), { training: true }).loss, model.trainableVariables());
    for (const [name, variable] of Object.entries(model.namedVariables())) {
      if (name.includes('bias')) continue;
      expect(tf.max(tf.abs(grads[variable.name] as tf.Tensor)).dataSync()[0], name).toBeGreaterThan(0);
    }
    model.dispose();
  });

  it('projects a joint space that is too wide to random features of the same inner products', () => {
    const model = cdan({ features: hiddenLayer(5, 7), classes: 3, seed: 1, lambda: 1, largestJoint: 12 });
    const named = model.namedVariables();
    expect(named['domain/randomFeatures']?.shape).toEqual([7, 12]);
    expect(named['domain/0/kernel']?.shape).toEqual([12, 100]);
    expect(model.trainableVariables()).not.toContain(named['domain/randomFeatures']);
    model.loss(batch());
    model.dispose();
    const wide = cdan({ features: hiddenLayer(5, 7), classes: 3, seed: 1, lambda: 1, largestJoint: 20 });
    // R_f and R_p are independent and of unit variance: E[(R_f f . R_f f')(R_p p . R_p p')] / d = (f . f')(p . p').
    const [rf, rp] = [
      wide.namedVariables()['domain/randomFeatures'],
      wide.namedVariables()['domain/randomPredictions'],
    ] as [tf.Variable, tf.Variable];
    expect(tf.mean(tf.square(rf))).toBeAllclose(1, { atol: 0.3 });
    expect(tf.mean(tf.square(rp))).toBeAllclose(1, { atol: 0.4 });
    wide.dispose();
  });

  it('leaks nothing', async () => {
    await expectNoLeak(() =>
      cdan({ features: hiddenLayer(5, 7), classes: 3, seed: 1, lambda: 1, largestJoint: 12 }).dispose(),
    );
    const model = cdan({ features: hiddenLayer(5, 7), classes: 3, seed: 1, lambda: 1 });
    const good = batch();
    await expectNoLeak(() => model.loss(good, { training: true }));
    const features = hiddenLayer(5, 7);
    await expectNoLeakWhenThrowing(
      () => void cdan({ features, classes: 3, seed: 1, lambda: 1, domainHidden: [0] }),
      'cdan: each layer size must be an integer of at least 1',
    );
    model.dispose();
  });
});
