import { convDirect } from './conv-direct.js';
import { convFilterGradientSwapped, convFilterGradientWide } from './conv-filter-gradient.js';
import { convInputGradientTransposed } from './conv-input-gradient.js';
import { depthwiseFilterGradient, depthwiseGrouped, depthwiseInputGradient } from './depthwise.js';
import type { Formulation } from './formulation.js';
import { matMulBatched, matMulGemm } from './matmul-gemm.js';
import {
  averagePool,
  averagePoolGradientGeneral,
  averagePoolGradientTiled,
  maxPool,
  maxPoolGradientGeneral,
  maxPoolGradientTiled,
} from './pooling.js';
import { segmentSumOneHot, segmentSumScatter } from './segment-sum.js';
import { stepDirect, stepGradientDirect } from './step.js';

/** All formulations. For each composite the first that applies is taken; the last always applies. */
export const formulations: readonly Formulation[] = [
  matMulGemm,
  matMulBatched,
  convDirect,
  convInputGradientTransposed,
  convFilterGradientWide,
  convFilterGradientSwapped,
  depthwiseGrouped,
  depthwiseInputGradient,
  depthwiseFilterGradient,
  maxPool,
  averagePool,
  maxPoolGradientTiled,
  maxPoolGradientGeneral,
  averagePoolGradientTiled,
  averagePoolGradientGeneral,
  segmentSumOneHot,
  segmentSumScatter,
  stepDirect,
  stepGradientDirect,
];
