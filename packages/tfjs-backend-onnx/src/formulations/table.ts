import { convBatchLast, convFilterGradientBatchLast, convInputGradientBatchLast } from './batch-last.js';
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
import {
  averagePoolBatchLast,
  averagePoolGradientTiles,
  averagePoolTiles,
  maxPoolBatchLast,
  maxPoolGradientTiles,
  maxPoolTiles,
} from './pooling-batch-last.js';
import { segmentSumOneHot, segmentSumScatter } from './segment-sum.js';
import { stepDirect, stepGradientSteep } from './step.js';
import { convFilterGradientToomCook, convInputGradientToomCook, convToomCook } from './toom-cook.js';

/** All formulations. For each composite the first that applies and pays is taken; the last always applies. */
export const formulations: readonly Formulation[] = [
  matMulGemm,
  matMulBatched,
  convToomCook,
  convBatchLast,
  convDirect,
  convInputGradientToomCook,
  convInputGradientBatchLast,
  convInputGradientTransposed,
  convFilterGradientToomCook,
  convFilterGradientBatchLast,
  convFilterGradientWide,
  convFilterGradientSwapped,
  depthwiseGrouped,
  depthwiseInputGradient,
  depthwiseFilterGradient,
  maxPoolTiles,
  maxPoolBatchLast,
  maxPool,
  averagePoolTiles,
  averagePoolBatchLast,
  averagePool,
  maxPoolGradientTiles,
  maxPoolGradientTiled,
  maxPoolGradientGeneral,
  averagePoolGradientTiles,
  averagePoolGradientTiled,
  averagePoolGradientGeneral,
  segmentSumOneHot,
  segmentSumScatter,
  stepDirect,
  stepGradientSteep,
];
