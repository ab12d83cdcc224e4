import type { MakeCase } from './case.js';
import { elementwiseCases } from './elementwise.js';
import { indexCases } from './indices.js';
import { networkCases } from './networks.js';
import { reductionCases } from './reductions.js';
import { shapeCases } from './shapes.js';

/** Random calls of every kernel that the backend computes itself, by the kernel's name. */
export const cases: Readonly<Record<string, MakeCase>> = {
  ...elementwiseCases,
  ...reductionCases,
  ...shapeCases,
  ...indexCases,
  ...networkCases,
};

/**
 * Kernels that only tfjs's `cpu` has. They run there whatever the size is, and `compile` refuses them: there is nothing
 * to compare.
 */
export const onlyOnHost: ReadonlySet<string> = new Set([
  'BroadcastArgs',
  'Dilation2D',
  'Dilation2DBackpropFilter',
  'Dilation2DBackpropInput',
  'Draw',
  'MaxPoolWithArgmax',
  'Multinomial',
  'NonMaxSuppressionV3',
  'NonMaxSuppressionV4',
  'NonMaxSuppressionV5',
  'RaggedGather',
  'RaggedRange',
  'RaggedTensorToTensor',
  'RotateWithOffset',
  'SparseFillEmptyRows',
  'SparseReshape',
  'SparseSegmentMean',
  'SparseSegmentSum',
  'StaticRegexReplace',
  'StringNGrams',
  'StringSplit',
  'StringToHashBucketFast',
  'Transform',
  'Unique',
]);
