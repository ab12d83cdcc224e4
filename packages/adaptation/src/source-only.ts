import { assertKnownOptions } from '@crossmodal/core';
import { classifierOf } from './classifier.js';
import type { AdapterOptions, DomainAdapter } from './domain-adapter.js';

/** There is no target that could be confused. */
export type SourceOnlyOptions = Omit<AdapterOptions, 'confusion'>;

const optionNames: Record<keyof SourceOnlyOptions, true> = {
  features: true,
  classes: true,
  seed: true,
  hidden: true,
  joint: true,
};

/**
 * The baseline that every adaptation is measured against: a `classifier` that takes the batches of the adapting methods and does
 * not look at their target. Trained on source items it is "source only"; trained on labelled target items, "train on target",
 * the upper reference.
 *
 * L = mean cross entropy of the labels.
 *
 * @throws CrossmodalError when `classes` or the extractor do not fit
 * @see Ganin and Lempitsky (2015), section 4, for both references
 *
 * @example
 * const baseline = sourceOnly({ features: digitFeatures({ seed: 1 }), classes: 10, seed: 1 });
 */
export function sourceOnly(options: SourceOnlyOptions): DomainAdapter {
  assertKnownOptions('sourceOnly', options, optionNames);
  const { features, joint: _, ...common } = options;
  const model = classifierOf('sourceOnly', { encoder: features, ...common });
  return { ...model, loss: ({ source, labels }, mode) => model.loss({ inputs: source, labels }, mode) };
}
