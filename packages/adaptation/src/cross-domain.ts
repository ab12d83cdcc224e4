import { CrossmodalError, type Inputs, type LossTerms, type NamedVariables } from '@crossmodal/core';
import type { Scalar, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import { withoutMoving } from './without-moving.js';

/** What the wrapped model must offer; a dual encoder of `@crossmodal/alignment` does. */
export interface EmbeddingModel<Modality extends string, Extras extends object> {
  readonly modalities: readonly Modality[];
  readonly dimension: number;
  /** [batch, dimension] */
  embed(modality: Modality, inputs: Inputs, options?: { training?: boolean }): Tensor2D;
  /** The embeddings of a batch by modality; of a missing row, which `extras` may mark, whatever does not depend on it. */
  embedBatch(
    batch: { [M in Modality]?: Inputs } & Extras,
    options?: { training?: boolean },
  ): { [M in Modality]?: Tensor2D };
  /** The contrastive loss of paired embeddings. */
  contrast(embeddings: { [M in Modality]?: Tensor2D }, extras?: Extras): LossTerms;
  trainableVariables(): Variable[];
  namedVariables(): NamedVariables;
}

/** Paired source samples, and target samples of the adapted modalities, unpaired and of any number. */
export interface CrossDomainBatch<Modality extends string, Extras extends object> {
  source: { [M in Modality]?: Inputs } & Extras;
  target: { [M in Modality]?: Inputs };
}

/** @throws CrossmodalError unless the names are some of the model's modalities */
export function adaptedModalities<Modality extends string>(
  caller: string,
  { modalities }: { readonly modalities: readonly Modality[] },
  adapted: readonly Modality[],
): readonly Modality[] {
  const unknown = adapted.find((name) => !modalities.includes(name));
  if (adapted.length > 0 && unknown === undefined) return adapted;
  throw new CrossmodalError(
    `${caller}: adapted must name modalities of the model (${modalities.join(', ')}), got [${adapted}]`,
  );
}

/** The variables of some modalities, as a dual encoder names them. */
function ofModalities(variables: NamedVariables, names: readonly string[]): NamedVariables {
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => names.some((modality) => name.startsWith(`${modality}/`))),
  );
}

/**
 * The contrastive loss of the source's pairs with its terms, and the embeddings of both domains for each adapted modality; inside a
 * tidy. Each domain is normalised by its own batch statistics; the moving ones of an adapted modality are the target's, as those of the
 * classifiers of this package are.
 *
 * @throws CrossmodalError when a batch lacks an adapted modality in either domain
 */
export function eachDomain<Modality extends string, Extras extends object>(
  caller: string,
  model: EmbeddingModel<Modality, Extras>,
  { source, target }: CrossDomainBatch<Modality, Extras>,
  { names, training }: { names: readonly Modality[]; training: boolean },
): {
  contrastive: Scalar;
  terms: Record<string, Scalar>;
  embeddings: [Modality, { source: Tensor2D; target: Tensor2D }][];
} {
  const embedSource = () => model.embedBatch(source, { training });
  const ofSource = training ? withoutMoving(ofModalities(model.namedVariables(), names), embedSource) : embedSource();
  const { loss: contrastive, ...terms } = model.contrast(ofSource, source);
  const embeddings = names.map((name): [Modality, { source: Tensor2D; target: Tensor2D }] => {
    const rows = ofSource[name];
    const inputs = target[name] as Inputs | undefined;
    if (!rows || !inputs) {
      throw new CrossmodalError(`${caller}.loss: '${name}' is adapted, but the ${rows ? 'target' : 'source'} lacks it`);
    }
    return [name, { source: rows, target: model.embed(name, inputs, { training }) }];
  });
  return { contrastive, terms, embeddings };
}
