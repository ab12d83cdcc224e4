import { batchNorm } from './batch-norm.js';
import { convolution } from './convolution.js';
import { counting } from './count.js';
import { creation } from './creation.js';
import { cropAndResize } from './crop-and-resize.js';
import { cumulative } from './cumulative.js';
import { elementwiseBinary } from './elementwise-binary.js';
import { elementwiseUnary } from './elementwise-unary.js';
import { gatherScatter } from './gather-scatter.js';
import type { RecordKernel } from './kernel.js';
import { localResponse } from './local-response.js';
import { matmul } from './matmul.js';
import { pooling } from './pooling.js';
import { reductions } from './reduce.js';
import { resizing } from './resize.js';
import { shapeKernels } from './shape-kernels.js';
import { softmax } from './softmax.js';

/** Every tfjs kernel that can be recorded, by its name. */
export const recordable: Readonly<Record<string, RecordKernel>> = {
  ...elementwiseUnary,
  ...elementwiseBinary,
  ...matmul,
  ...convolution,
  ...pooling,
  ...reductions,
  ...softmax,
  ...shapeKernels,
  ...gatherScatter,
  ...creation,
  ...cumulative,
  ...batchNorm,
  ...resizing,
  ...counting,
  ...localResponse,
  ...cropAndResize,
};
