import { CrossmodalError } from '@crossmodal/core';

/**
 * Joint coherence: how often all modalities, generated from the same latents, say the same, judged by a classifier per
 * modality that took no part in training.
 *
 * @param predictions the class of each generated item, by modality
 * @returns the share of items on whose class all modalities agree
 * @throws CrossmodalError for fewer than two modalities, or unequal counts
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
  let agreed = 0;
  for (let i = 0; i < first.length; i++) if (rest.every((other) => other[i] === first[i])) agreed++;
  return agreed / first.length;
}

/**
 * Cross coherence: how often what is generated in one modality from another has the class of what it was generated from.
 *
 * @param predictions the class of each generated item, by an independent classifier
 * @param labels the class of the item it was generated from
 * @throws CrossmodalError for unequal counts
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
  let hits = 0;
  for (let i = 0; i < labels.length; i++) if (predictions[i] === labels[i]) hits++;
  return hits / labels.length;
}
