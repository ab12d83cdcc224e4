import { CrossmodalError, labelCodes } from '@crossmodal/core';

/**
 * Joint coherence: how often all modalities, generated from the same latents, say the same, judged by a classifier per
 * modality that took no part in training.
 *
 * @param predictions the class of each generated item, by modality
 * @returns the share of items on whose class all modalities agree
 * @throws CrossmodalError for fewer than two modalities, unequal counts, and classes that are no whole numbers
 * @see Shi et al., Variational mixture-of-experts autoencoders (2019), section 4.1
 * @example
 * const agreement = jointCoherence({ image: [3, 7], label: [3, 1] }); // 0.5
 */
export function jointCoherence(predictions: Record<string, ArrayLike<number>>): number {
  const [first, ...rest] = Object.values(predictions);
  if (!first || rest.length === 0 || first.length === 0 || rest.some(({ length }) => length !== first.length)) {
    throw new CrossmodalError(
      `jointCoherence: needs the predictions of two or more modalities for the same items, got ${Object.entries(
        predictions,
      )
        .map(([name, { length }]) => `${name}: ${length}`)
        .join(', ')}`,
    );
  }
  const [codes, ...others] = Object.values(labelCodes('jointCoherence', predictions)) as [Int32Array, ...Int32Array[]];
  return codes.filter((code, i) => others.every((other) => other[i] === code)).length / first.length;
}

/**
 * Cross coherence: how often what is generated in one modality from another has the class of what it was generated from.
 *
 * @param predictions the class of each generated item, by an independent classifier
 * @param labels the class of the item it was generated from
 * @throws CrossmodalError for unequal counts, and for classes that are no whole numbers
 * @see Shi et al. (2019), section 4.1
 * @example
 * const share = crossCoherence(classify(model.generate({ label }, { to: 'image' })), labels);
 */
export function crossCoherence(predictions: ArrayLike<number>, labels: ArrayLike<number>): number {
  if (predictions.length === 0 || predictions.length !== labels.length) {
    throw new CrossmodalError(
      `crossCoherence: needs one label per prediction, got ${predictions.length} predictions and ${labels.length} labels`,
    );
  }
  const codes = labelCodes('crossCoherence', { predictions, labels });
  const hits = codes.labels.filter((label, i) => label === codes.predictions[i]).length;
  return hits / labels.length;
}
