import type { Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import * as losses from '../src/index.js';

type Inputs = Record<string, Tensor>;
/** The options of all cases as their generators wrote them; each entry below uses its own. */
export interface GoldenOptions {
  tau: number;
  eps: number;
  reg_m: number;
  reduce: 'out' | 'in';
  scale: number;
  caption_weight: number;
  pad_id: number;
  tau_plus: number;
  margin: number;
  miner: 'all' | 'hard' | 'semihard' | 'batch_hard' | 'batch_semihard';
  kind: string;
  side: 'd' | 'g';
  label: number;
  pos_margin: number;
  neg_margin: number;
  alpha: number;
  beta: number;
  base: number;
  margin_deg: number;
  lam: number;
  mu: number;
  nu: number;
  t_temp: number;
  s_temp: number;
  t: number;
  w: number;
  sigmas: number[];
  estimator: 'biased' | 'unbiased';
  kernel_mul: number;
  kernel_num: number;
  alphas: number[];
  sigma2: number;
  sigma_x: number;
  sigma_y: number;
  q: 1 | 2;
  root: boolean;
  degree: number;
  gamma: number;
  coef: number;
}

const m = (x: Tensor | undefined) => x as Tensor2D;
const v = (x: Tensor | undefined) => x as Tensor1D;
const s = (x: Tensor | undefined) => x as Scalar;
const temperatureOf = (logScale: Tensor | undefined) => tf.exp(tf.neg(s(logScale))) as Scalar;
const kinds: Record<string, losses.AdversarialKind> = {
  minimax: 'minimax',
  nonsaturating: 'non-saturating',
  lsgan: 'least-squares',
  hinge: 'hinge',
  wasserstein: 'wasserstein',
};
const distances: Record<string, losses.DistanceName> = { l2: 'euclidean', sq: 'squared-euclidean', cosine: 'cosine' };

/** DAN's bandwidths bw mul^(q - num/2) with 2 sigma^2 = bw, as factors of sigma. */
const dan = (mul: number, num: number) =>
  losses.gaussianKernel({
    sigma: 'mean',
    factors: Array.from({ length: num }, (_, q) => mul ** ((q - Math.floor(num / 2)) / 2)),
  });

function triplet({ x, labels }: Inputs, { margin, miner, kind }: GoldenOptions): Scalar {
  const pairs = losses.pairsByLabel(v(labels));
  const shared = { pairs, margin, distance: distances[kind] };
  if (miner === 'batch_hard') return losses.tripletLoss(m(x), m(x), { ...shared, mining: losses.hardestPairs });
  if (miner === 'batch_semihard') return losses.tripletLoss(m(x), m(x), { ...shared, mining: losses.semiHardPairs });
  const triplets = miner === 'semihard' ? 'semi-hard' : miner;
  return losses.tripletLoss(m(x), m(x), { ...shared, triplets });
}

/** Every definition of the golden index with a `loss`, written with this package. */
export const goldenLosses: Record<string, (inputs: Inputs, options: GoldenOptions) => Scalar> = {
  infonce_oneway: ({ a, b }, { tau }) => losses.infoNce(m(a), m(b), { temperature: tau, symmetric: false }),
  infonce_symmetric: ({ a, b, log_scale }) => losses.infoNce(m(a), m(b), { temperature: temperatureOf(log_scale) }),
  infonce_label_smoothing: ({ a, b }, { tau, eps }) =>
    losses.infoNce(m(a), m(b), { temperature: tau, symmetric: false, labelSmoothing: eps }),
  multi_positive: ({ a, b, pos }, { tau, reduce }) => {
    const positive = tf.cast(m(pos), 'float32');
    const pairs = { positive, negative: tf.sub(1, positive) as Tensor2D };
    return losses.infoNce(m(a), m(b), { temperature: tau, symmetric: false, pairs, multiPositive: reduce });
  },
  moco_queue: ({ a, b, queue }, { tau }) =>
    losses.infoNce(m(a), m(b), { temperature: tau, symmetric: false, negatives: m(queue), inBatchNegatives: false }),
  mnrl_hard_negatives: ({ a, b, hard }, { scale }) =>
    losses.infoNce(m(a), m(b), { temperature: 1 / scale, symmetric: false, negatives: m(hard) }),
  siglip: ({ a, b, log_scale, bias }) => losses.sigLip(m(a), m(b), { scale: tf.exp(s(log_scale)), bias: s(bias) }),
  coca_caption: ({ logits, labels }, { caption_weight, pad_id }) =>
    tf.mul(caption_weight, losses.crossEntropy(logits as Tensor, labels as Tensor, { ignoreLabel: pad_id })),
  ntxent: ({ a, b }, { tau }) => losses.ntXent(m(a), m(b), { temperature: tau }),
  ntxent_pml: ({ a, b }, { tau }) => {
    const z = tf.concat([m(a), m(b)]);
    const index = Array.from({ length: z.shape[0] }, (_, i) => i % m(a).shape[0]);
    const pairs = losses.pairsByLabel(index);
    return losses.infoNce(z, z, { pairs, temperature: tau, multiPositive: 'each', symmetric: false });
  },
  ntxent_labels: ({ x, labels }, { tau }) => {
    const pairs = losses.pairsByLabel(v(labels));
    return losses.infoNce(m(x), m(x), { pairs, temperature: tau, multiPositive: 'each', symmetric: false });
  },
  supcon: ({ x, labels }, { tau }) => losses.supCon(m(x), v(labels), { temperature: tau }),
  debiased_contrastive: ({ a, b }, { tau, tau_plus }) =>
    losses.debiasedContrastive(m(a), m(b), { temperature: tau, positivePrior: tau_plus }),
  triplet,
  hadsell_contrastive: ({ a, b, y }, { margin, kind }) =>
    losses.hadsellContrastive(m(a), m(b), v(y), { margin, distance: distances[kind] }),
  contrastive_pml: ({ x, labels }, { pos_margin, neg_margin }) => {
    const pairs = losses.pairsByLabel(v(labels));
    return losses.marginContrastive(m(x), m(x), { pairs, epsilon: pos_margin, delta: neg_margin });
  },
  multi_similarity: ({ x, labels }, { alpha, beta, base }) =>
    losses.multiSimilarityLoss(m(x), m(x), { pairs: losses.pairsByLabel(v(labels)), alpha, beta, base }),
  proxy_nca: ({ x, labels, proxies }, { scale }) => losses.proxyNca(m(x), v(labels), m(proxies), { scale }),
  arcface: ({ x, labels, weight }, { margin_deg, scale }) =>
    losses.arcFace(m(x), v(labels), m(weight), { margin: (margin_deg * Math.PI) / 180, scale }),
  vicreg: ({ a, b }, { lam, mu, nu, eps }) =>
    losses.vicReg(m(a), m(b), { invariance: lam, variance: mu, covariance: nu, epsilon: eps }),
  barlow_twins: ({ a, b }, { lam }) => losses.barlowTwins(m(a), m(b), { redundancy: lam }),
  negative_cosine: ({ p0, p1, z0, z1 }) =>
    tf.mul(0.5, tf.add(losses.negativeCosine(m(p0), m(z1)), losses.negativeCosine(m(p1), m(z0)))) as Scalar,
  dino: ({ teacher, student, center }, { t_temp, s_temp }) =>
    losses.dinoLoss(teacher as Tensor3D, student as Tensor3D, {
      center: v(center),
      teacherTemperature: t_temp,
      studentTemperature: s_temp,
    }),
  align_uniform: ({ a, b }, { alpha, t, w }) => {
    const uniform = tf.add(
      losses.uniformityLoss(m(a), { sharpness: t }),
      losses.uniformityLoss(m(b), { sharpness: t }),
    );
    return tf.add(losses.alignmentLoss(m(a), m(b), { alpha }), tf.mul(w / 2, uniform)) as Scalar;
  },

  mmd_linear: ({ x, y }) => losses.mmd(m(x), m(y), { kernel: losses.linearKernel() }),
  mmd_rbf: ({ x, y }, { sigmas, estimator }) =>
    losses.mmd(m(x), m(y), { kernel: losses.gaussianKernel({ sigma: sigmas }), estimator }),
  mmd_median_heuristic: ({ x, y }) => losses.mmd(m(x), m(y)),
  mmd_kale: ({ x, y }, { kernel_mul, kernel_num }) =>
    losses.mmd(m(x), m(y), { kernel: dan(kernel_mul, kernel_num), estimator: 'linear-time' }),
  mk_mmd_tllib: ({ x, y }, { alphas }) => {
    // 2 sigma^2 = 2 a s with s the mean over all n^2 entries; ours leaves out the diagonal's zeros
    const [rows, n] = [m(x).shape[0], m(x).shape[0] + m(y).shape[0]];
    const factors = alphas.map((a) => Math.sqrt((2 * a * (n - 1)) / n));
    const kernel = losses.gaussianKernel({ sigma: 'mean', factors });
    return tf.add(losses.mmd(m(x), m(y), { kernel, estimator: 'unbiased' }), 2 / (rows - 1)) as Scalar;
  },
  jmmd_kale: ({ x, y, px, py }, { kernel_mul, kernel_num, sigma2 }) => {
    const features = dan(kernel_mul, kernel_num)(tf.concat([m(x), m(y)]));
    const predictions = losses.gaussianKernel({ sigma: Math.sqrt(sigma2 / 2) })(tf.concat([m(px), m(py)]));
    const joint = losses.productKernel(features, predictions);
    return losses.mmdOfKernel(joint, m(x).shape[0], { estimator: 'linear-time' });
  },
  coral: ({ x, y }) => losses.coral(m(x), m(y)),
  coral_tllib: ({ x, y }) => losses.coral(m(x), m(y), { means: true }),
  hsic_biased: ({ x, y }, { sigma_x, sigma_y }) =>
    losses.hsic(m(x), m(y), {
      kernelX: losses.gaussianKernel({ sigma: sigma_x }),
      kernelY: losses.gaussianKernel({ sigma: sigma_y }),
      normaliser: 'n',
    }),
  cka_linear: ({ x, y }) => losses.cka(m(x), m(y)),
  sliced_wasserstein: ({ x, y, proj }, { q, root }) =>
    losses.slicedWasserstein(m(x), m(y), { directions: m(proj), power: q, root }),

  adversarial: ({ real, fake }, { kind, side, label = 1 }) =>
    side === 'd'
      ? losses.discriminatorLoss(real as Tensor, fake as Tensor, { kind: kinds[kind], realLabel: label })
      : losses.generatorLoss(fake as Tensor, { kind: kinds[kind] }),
  gan_cls: ({ real, wrong, fake }) => losses.ganClsLoss(real as Tensor, wrong as Tensor, fake as Tensor),
  kl_standard: ({ mu, logvar }) => losses.klStandardNormal(m(mu), m(logvar)),
  kl_gaussians: ({ mq, lq, mp, lp }) => losses.klGaussians(m(mq), m(lq), m(mp), m(lp)),
  kl_sampled: ({ mu, logvar, noise }) => losses.klSampled(sample(mu, logvar, noise), m(mu), m(logvar)),
  reconstruction_bernoulli: ({ logits, x }) => negativeMean(losses.bernoulliLogLikelihood(m(x), m(logits))),
  reconstruction_gaussian: ({ mean, logvar, x }) =>
    negativeMean(losses.gaussianLogLikelihood(m(x), m(mean), { logVariance: m(logvar) })),
  elbo_beta: ({ logits, x, mu, logvar }, { beta }) => {
    const kl = losses.klStandardNormal(m(mu), m(logvar), { reduction: 'none' });
    return tf.neg(losses.elbo(losses.bernoulliLogLikelihood(m(x), m(logits)), kl, { beta })) as Scalar;
  },
  iwae_bound: ({ x, mu, logvar, noise, w }) => {
    const z = sample(mu, logvar, noise); // [samples, batch, dim]
    const [samples, batch, dim] = z.shape as [number, number, number];
    const logits = tf.reshape(tf.matMul(tf.reshape(z, [-1, dim]), m(w)), [samples, batch, -1]);
    const logLikelihood = losses.bernoulliLogLikelihood(m(x), logits, { batchDims: 2 });
    const logPrior = losses.gaussianLogLikelihood(z, 0, { batchDims: 2 });
    const logPosterior = losses.gaussianLogLikelihood(z, m(mu), { logVariance: m(logvar), batchDims: 2 });
    return tf.neg(losses.iwaeBound(tf.sub(tf.add(logLikelihood, logPrior), logPosterior) as Tensor2D)) as Scalar;
  },
  jmvae_kl: ({ mu, logvar, umu, ulogvar }) => {
    const [means, logs] = [tf.unstack(umu as Tensor), tf.unstack(ulogvar as Tensor)];
    return tf.addN(means.map((mean, k) => losses.klGaussians(m(mu), m(logvar), mean, logs[k] as Tensor))) as Scalar;
  },
};

function sample(mu: Tensor | undefined, logvar: Tensor | undefined, noise: Tensor | undefined): Tensor {
  return tf.add(m(mu), tf.mul(tf.exp(tf.mul(0.5, m(logvar))), noise as Tensor));
}

function negativeMean(x: Tensor): Scalar {
  return tf.neg(tf.mean(x)) as Scalar;
}
