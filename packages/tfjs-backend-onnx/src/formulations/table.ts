import { convBatchLast, convFilterGradientBatchLast, convInputGradientBatchLast } from './batch-last.js';
import { convDirect } from './conv-direct.js';
import { convFilterGradientSwapped, convFilterGradientWide } from './conv-filter-gradient.js';
import { convInputGradientTransposed } from './conv-input-gradient.js';
import { depthwiseFilterGradient, depthwiseGrouped, depthwiseInputGradient } from './depthwise.js';
import type { Formulation } from './formulation.js';
import { matMulBatched, matMulGemm } from './matmul-gemm.js';
import { averagePool, averagePoolGradientGeneral, maxPool, maxPoolGradientGeneral } from './pooling.js';
import { averagePoolBatchLast, maxPoolBatchLast } from './pooling-batch-last.js';
import {
  averagePoolGradientSlices,
  averagePoolGradientTiles,
  averagePoolTiles,
  maxPoolGradientSlices,
  maxPoolGradientSlicesSteep,
  maxPoolGradientTiles,
  maxPoolGradientTilesSteep,
  maxPoolTiles,
} from './pooling-windows.js';
import { segmentSumOneHot, segmentSumScatter } from './segment-sum.js';
import { stepDirect, stepGradientSteep } from './step.js';
import { convFilterGradientToomCook, convInputGradientToomCook, convToomCook } from './toom-cook.js';

/** @throws when a name is not one of a formulation. */
export function assertFormulations(prefer: readonly string[]): void {
  const names = new Set(formulations.map(({ name }) => name));
  const unknown = prefer.filter((name) => !names.has(name));
  if (unknown.length === 0) return;
  throw new Error(
    `tfjs-backend-onnx: prefer must name formulations, got '${unknown.join("', '")}'; there are ${[...names].join(', ')}`,
  );
}

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
  maxPoolGradientTilesSteep,
  maxPoolGradientTiles,
  maxPoolGradientSlicesSteep,
  maxPoolGradientSlices,
  maxPoolGradientGeneral,
  averagePoolGradientTiles,
  averagePoolGradientSlices,
  averagePoolGradientGeneral,
  segmentSumOneHot,
  segmentSumScatter,
  stepDirect,
  stepGradientSteep,
];
