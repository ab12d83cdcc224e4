import {
  assertKnownOptions,
  CrossmodalError,
  disposeVariables,
  type Encoder,
  type Inputs,
  isTraining,
  type LossTerms,
  type NamedVariables,
  namedVariables,
  prefixed,
  Random,
  requireInteger,
  requirePositive,
  requireSeed,
  type Savable,
  savedModelFiles,
  type Trainable,
} from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import { infoNce } from '@crossmodal/losses';
import type { Scalar, Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { embedItems } from '../dual-encoder/embed-items.js';
import { linearEmbedding } from '../linear/linear-embedding.js';
import type { Reconstruction } from './reconstruction.js';

/** One modality: into the latent, and out of it again. */
export interface AutoencoderModality {
  encoder: Encoder;
  /** From latents [batch, dimension] to what `reconstruction` compares. */
  decoder: LayersModel;
  reconstruction: Reconstruction;
  /** Weight of this modality's reconstructions. */
  weight?: number;
}

export interface MultimodalAutoencoderOptions<Modality extends string> {
  /** Two or more. */
  modalities: Record<Modality, AutoencoderModality>;
  /** Length of the latent. */
  dimension: number;
  /**
   * lambda: weight of the contrastive term.
   * @default 1
   */
  lambda?: number;
  /**
   * tau of the contrastive term.
   * @default 0.07
   */
  temperature?: number;
  seed: number;
}

/** Row i of each modality belongs to the same sample. */
export type AutoencoderBatch<Modality extends string = string> = Record<Modality, Inputs>;

/** An autoencoder of several modalities with one latent; see `multimodalAutoencoder`. */
export interface MultimodalAutoencoder<Modality extends string = string>
  extends Trainable<AutoencoderBatch<Modality>>,
    Savable {
  readonly modalities: readonly Modality[];
  readonly dimension: number;
  /** The latent of what is given, one modality or several: [batch, dimension], differentiable. */
  latent(inputs: { [M in Modality]?: Inputs }, options?: { training?: boolean }): Tensor2D;
  /** A modality from what is given of it or of the others: the output of its decoder. */
  reconstruct(inputs: { [M in Modality]?: Inputs }, options: { to: Modality; training?: boolean }): Tensor;
  /** Terms: `joint`, one of each way between modalities (`image-text`: text out of the image), `contrastive`. */
  loss(batch: AutoencoderBatch<Modality>, options?: { training?: boolean }): LossTerms;
  /** Raw items of one modality to latents of unit length, for retrieval. */
  embedItems(modality: Modality, items: readonly unknown[], options?: { batchSize?: number }): Promise<Tensor2D>;
  namedVariables(): NamedVariables;
  /** Frees encoders, decoders and projections. */
  dispose(): void;
}

/**
 * A multimodal autoencoder: the encoders of all modalities end in one latent, from which each modality has a decoder. It
 * learns to reconstruct every modality from all of them together and from each alone, so that one can be made from
 * another.
 *
 * z_S = 1/|S| sum over m in S of (W_m f_m(x_m) + b_m); L = sum over S in { all, {1}, ..., {M} } of sum over m of
 * weight_m R_m(d_m(z_S), x_m) + lambda * mean over pairs (m, n) of InfoNCE(z_m, z_n; tau).
 *
 * @throws CrossmodalError when there are fewer than two modalities, a decoder takes another latent, or an option does not fit
 * @see Ngiam et al.: Multimodal deep learning (2011), section 3.3: trained also on one modality alone
 * @example
 * const model = multimodalAutoencoder({
 *   modalities: {
 *     image: { encoder: image, decoder: pictures, reconstruction: squaredError() },
 *     text: { encoder: text, decoder: words, reconstruction: tokenCrossEntropy() },
 *   },
 *   dimension: 64, lambda: 1, seed: 1,
 * });
 * const pixels = model.reconstruct({ text: await text.prepare(['a red car']) }, { to: 'image' });
 */
export function multimodalAutoencoder<Modality extends string>(
  options: MultimodalAutoencoderOptions<Modality>,
): MultimodalAutoencoder<Modality> {
  assertKnownOptions('multimodalAutoencoder', options, {
    modalities: true,
    dimension: true,
    lambda: true,
    temperature: true,
    seed: true,
  } satisfies Record<keyof MultimodalAutoencoderOptions<Modality>, true>);
  const {
    modalities: parts,
    dimension,
    lambda = 1,
    temperature = 0.07, // CLIP's initial value
    seed,
  } = options;
  const names = Object.keys(parts) as Modality[];
  checkOptions(parts, { dimension, lambda, temperature, seed });
  const random = new Random(seed).fork('multimodalAutoencoder');
  const projections = Object.fromEntries(
    names.map((name) => [
      name,
      linearEmbedding({ inputDimension: parts[name].encoder.dimension, dimension, seed: random.fork(name) }),
    ]),
  ) as Record<Modality, ReturnType<typeof linearEmbedding>>;
  const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const));

  const own = (name: Modality, inputs: Inputs, training: boolean): Tensor2D =>
    projections[name].apply(parts[name].encoder.encode(inputs, { training }));
  const mean = (latents: readonly Tensor2D[]): Tensor2D =>
    latents.length === 1 ? latents[0]! : (tf.div(tf.addN([...latents]), latents.length) as Tensor2D);
  const decode = (name: Modality, z: Tensor2D, training: boolean): Tensor =>
    parts[name].decoder.apply(z, { training }) as Tensor;
  const requireModality = (where: string, name: Modality) => {
    if (!names.includes(name)) {
      throw new CrossmodalError(`${where}: there is no modality '${name}', only ${names.join(', ')}`);
    }
  };

  const model: MultimodalAutoencoder<Modality> = {
    modalities: names,
    dimension,
    latent: (inputs, options) =>
      tf.tidy(() => {
        const available = Object.keys(inputs) as Modality[];
        for (const name of available) requireModality('latent', name);
        const latents = available.map((name) =>
          own(name, inputs[name] as Inputs, isTraining('multimodalAutoencoder.latent', options)),
        );
        const rows = latents.map(({ shape }) => shape[0]);
        if (latents.length === 0 || rows.some((count) => count !== rows[0])) {
          throw new CrossmodalError(
            `latent: needs one or more of ${names.join(', ')} with one batch size, got ${available.map((name, i) => `${name} ${rows[i]}`).join(', ') || 'none'}`,
          );
        }
        return mean(latents);
      }),
    reconstruct: (inputs, { to, ...rest }) =>
      tf.tidy(() => {
        const training = isTraining('multimodalAutoencoder.reconstruct', rest);
        requireModality('reconstruct', to);
        return decode(to, model.latent(inputs, { training }), training);
      }),
    loss: (batch, options) => {
      const training = isTraining('multimodalAutoencoder.loss', options);
      return tf.tidy(() => {
        const missing = names.filter((name) => !batch[name]);
        if (missing.length > 0) {
          throw new CrossmodalError(
            `multimodalAutoencoder.loss: a batch needs ${names.join(', ')}, got no ${missing.join(', no ')}`,
          );
        }
        const latents = names.map((name) => own(name, batch[name], training));
        const rows = latents.map(({ shape }) => shape[0]);
        if (rows.some((count) => count !== rows[0])) {
          throw new CrossmodalError(
            `multimodalAutoencoder.loss: all modalities must have one batch size, got ${names.map((name, i) => `${name} ${rows[i]}`).join(', ')}`,
          );
        }
        const explain = (name: Modality, z: Tensor2D): Scalar =>
          tf.mul(parts[name].reconstruction.loss(decode(name, z, training), batch[name]), parts[name].weight ?? 1);
        const all = mean(latents);
        const terms: Record<string, Scalar> = {
          joint: tf.addN(names.map((name) => explain(name, all))) as Scalar,
        };
        names.forEach((from, i) => {
          for (const to of names) terms[`${from}-${to}`] = explain(to, latents[i]!);
        });
        const reconstruction = tf.addN(Object.values(terms)) as Scalar;
        if (lambda === 0) return { ...terms, loss: reconstruction };
        const contrasts = pairs.map(([a, b]) =>
          infoNce(latents[names.indexOf(a)]!, latents[names.indexOf(b)]!, { temperature }),
        );
        const contrastive = tf.div(tf.addN(contrasts), contrasts.length) as Scalar;
        return { ...terms, contrastive, loss: tf.add(reconstruction, tf.mul(contrastive, lambda)) as Scalar };
      });
    },
    embedItems(modality, items, given) {
      requireModality('embedItems', modality);
      const embed = (inputs: Inputs) => tf.tidy(() => l2Normalize(own(modality, inputs, false)));
      return embedItems(parts[modality].encoder, items, embed, given);
    },
    namedVariables: () =>
      Object.assign(
        {},
        ...names.map((name) => ({
          ...prefixed(`${name}/encoder`, parts[name].encoder.namedVariables()),
          ...prefixed(`${name}/projection`, projections[name].namedVariables()),
          ...prefixed(`${name}/decoder`, namedVariables(parts[name].decoder)),
        })),
      ) as NamedVariables,
    files: (settings) =>
      savedModelFiles(
        { type: 'multimodalAutoencoder', options: { modalities: parts, dimension, lambda, temperature, seed } },
        model.namedVariables(),
        settings,
      ),
    dispose() {
      for (const name of names) {
        parts[name].encoder.dispose();
        projections[name].dispose();
        disposeVariables(namedVariables(parts[name].decoder));
      }
    },
  };
  return model;
}

function checkOptions(
  parts: Record<string, AutoencoderModality>,
  {
    dimension,
    lambda,
    temperature,
    seed,
  }: Required<Pick<MultimodalAutoencoderOptions<string>, 'dimension' | 'lambda' | 'temperature' | 'seed'>>,
): void {
  const where = 'multimodalAutoencoder';
  const names = Object.keys(parts);
  if (names.length < 2 || names.some((name) => name.includes('-'))) {
    throw new CrossmodalError(
      `${where}: modalities must be two or more, without '-' in their names, got ${names.join(', ') || 'none'}`,
    );
  }
  requireInteger(`${where}: dimension`, dimension);
  requireSeed(where, seed);
  if (!(lambda >= 0 && Number.isFinite(lambda))) {
    throw new CrossmodalError(`${where}: lambda must be finite and not negative, got ${lambda}`);
  }
  requirePositive(`${where}: temperature`, temperature);
  for (const [name, part] of Object.entries(parts)) {
    assertKnownOptions(`${where}: ${name}`, part, {
      encoder: true,
      decoder: true,
      reconstruction: true,
      weight: true,
    } satisfies Record<keyof AutoencoderModality, true>);
    const latent = part.decoder.inputs[0]?.shape[1];
    if (part.decoder.inputs.length !== 1 || latent !== dimension) {
      throw new CrossmodalError(
        `${where}: the ${name} decoder must take latents [batch, ${dimension}], got ${part.decoder.inputs.map(({ shape }) => `[${shape}]`).join(', ')}`,
      );
    }
  }
}
