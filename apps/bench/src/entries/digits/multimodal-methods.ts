import {
  denseDecoder,
  denseInference,
  type Fusion,
  gaussian,
  jmvae,
  type MultimodalVae,
  mixtureOfExperts,
  mixtureOfProducts,
  multimodalVae,
  productOfExperts,
} from '@crossmodal/vae';

/** The ways to make one posterior of those of both modalities, and how many rows of the training lack one of them. */
export const multimodalMethods: Readonly<Record<string, { fusion: () => Fusion; missing: number }>> = {
  MVAE: { fusion: productOfExperts, missing: 0 },
  MMVAE: { fusion: mixtureOfExperts, missing: 0 },
  MoPoE: { fusion: mixtureOfProducts, missing: 0 },
  JMVAE: { fusion: jmvae, missing: 0 },
  'MoPoE, half of the rows lack one': { fusion: mixtureOfProducts, missing: 0.5 },
};

/** A VAE of two pictures of 784 values: a written digit (on or off) and a spoken one (from 0 to 1). */
export function writtenAndSpoken(
  fusion: Fusion,
  { hidden, latentDimension, seed }: { hidden: number; latentDimension: number; seed: number },
): MultimodalVae<'written' | 'spoken'> {
  const layers = (name: string) => ({ hidden: [hidden, hidden], seed: `${name} ${seed}` });
  const networks = (name: string) => ({
    encoder: denseInference({ inputDimension: 784, ...layers(name) }),
    decoder: denseDecoder({ latentDimension, outputDimension: 784, ...layers(name) }),
  });
  return multimodalVae({
    modalities: {
      written: networks('written'),
      // Recordings of one digit differ by about this much per value.
      spoken: { ...networks('spoken'), likelihood: gaussian({ standardDeviation: 0.2 }) },
    },
    fusion,
    seed,
  });
}
