import {
  allocateWeights,
  CrossmodalError,
  loadSavedModel,
  type ModelFiles,
  type NamedVariables,
  prefixed,
  type Savable,
  savedModelFiles,
} from '@crossmodal/core';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor1D, Tensor2D, Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** x -> ((x - mean) / deviation) weight + bias; parts that are left out are not applied. */
export interface AffineMap {
  /** [input dimension, output dimension] */
  weight?: Tensor2D;
  /** Subtracted from the input, [input dimension]. */
  mean?: Tensor1D;
  /** Divides what is left, [input dimension]. */
  deviation?: Tensor1D;
  /** Added to the output, [output dimension]. */
  bias?: Tensor1D;
}

/** Two linear maps into one space: what every hard alignment, and the linear soft one, comes down to. */
export interface LinearAlignment extends Savable {
  /** Number of columns of the shared space. */
  readonly dimension: number;
  /** Maps rows of the first representation, [rows, first dimension], into the shared space. Differentiable. */
  embedA(x: Tensor2D): Tensor2D;
  /** Maps rows of the second representation, [rows, second dimension], into the shared space. Differentiable. */
  embedB(y: Tensor2D): Tensor2D;
  /** For `saveFolder` of `@crossmodal/core/models`; `loadLinearAlignment` loads them. */
  files: Savable['files'];
  /** Frees the maps. */
  dispose(): void;
}

/** Which parts an affine map may have, and the axis of its input or output that they have. */
const parts = ['weight', 'mean', 'deviation', 'bias'] as const;

/** Applies an affine map to rows. */
export function applyAffine(x: Tensor2D, { weight, mean, deviation, bias }: AffineMap): Tensor2D {
  return tf.tidy(() => {
    let y: Tensor2D = mean ? tf.sub(x, mean) : x;
    if (deviation) y = tf.div(y, deviation);
    if (weight) y = tf.matMul(y, weight);
    if (bias) y = tf.add(y, bias);
    return y === x ? tf.clone(x) : y;
  });
}

/**
 * Joins two affine maps to an alignment that owns their tensors.
 *
 * @param options.unit scales the rows that come out to unit length
 */
export function linearAlignment(
  name: string,
  dimensions: readonly [a: number, b: number, shared: number],
  a: AffineMap,
  b: AffineMap,
  { unit = false }: { unit?: boolean } = {},
): LinearAlignment {
  const map = (x: Tensor2D, argument: string, expected: number, affine: AffineMap) => {
    if (x.rank !== 2 || x.shape[1] !== expected) {
      throw new CrossmodalError(`${name}.${argument}: rows must have shape [rows, ${expected}], got [${x.shape}]`);
    }
    return tf.tidy(() => (unit ? l2Normalize(applyAffine(x, affine)) : applyAffine(x, affine)));
  };
  const tensors = tensorsOf(a, b);
  return {
    dimension: dimensions[2],
    embedA: (x) => map(x, 'embedA', dimensions[0], a),
    embedB: (y) => map(y, 'embedB', dimensions[1], b),
    files: (settings) =>
      savedModelFiles(
        { type: 'linearAlignment', options: { name, dimensions, unit, a: partsOf(a), b: partsOf(b) } },
        // Tensors are saved as variables are: their values are read, nothing else.
        tensors as unknown as NamedVariables,
        settings,
      ),
    dispose() {
      tf.dispose(tensors);
    },
  };
}

/**
 * Loads what `procrustes`, `leastSquares`, `canonicalCorrelation`, `transportAlignment` or
 * `contrastiveProjections` made and `saveFolder` saved: the two maps, without the facts of their making.
 *
 * @param files of its folder: `openFolder` of `@crossmodal/core/models`, or fetched
 * @throws CrossmodalError naming the file when something is missing, damaged, of another version or type
 * @example
 * const alignment = await loadLinearAlignment(await openFolder('models/rotation'));
 */
export async function loadLinearAlignment(files: ModelFiles): Promise<LinearAlignment> {
  const where = 'loadLinearAlignment';
  const { alignment } = await loadSavedModel(
    files,
    {
      linearAlignment(options) {
        const { name, dimensions, unit, a, b } = options as Partial<SavedAlignment>;
        const isSize = (size: unknown) => Number.isSafeInteger(size) && (size as number) > 0;
        if (
          typeof name !== 'string' ||
          !Array.isArray(dimensions) ||
          dimensions.length !== 3 ||
          !dimensions.every(isSize)
        ) {
          throw new CrossmodalError(`${where}: config.json must hold a name and three dimensions`, {
            remedy: 'copy the file again',
          });
        }
        const maps = [zerosLike(a, dimensions[0], dimensions[2]), zerosLike(b, dimensions[1], dimensions[2])] as const;
        return {
          alignment: linearAlignment(name, dimensions, maps[0], maps[1], { unit: unit === true }),
          namedVariables: () => tensorsOf(maps[0], maps[1]) as unknown as NamedVariables,
        };
      },
    },
    { where },
  );
  return alignment;
}

interface SavedAlignment {
  name: string;
  dimensions: [number, number, number];
  unit: boolean;
  a: readonly string[];
  b: readonly string[];
}

const partsOf = (map: AffineMap): string[] => parts.filter((part) => map[part] !== undefined);

function tensorsOf(a: AffineMap, b: AffineMap): Record<string, tf.Tensor> {
  const named = (map: AffineMap) => Object.fromEntries(partsOf(map).map((part) => [part, map[part as 'weight']!]));
  return {
    ...prefixed('a', named(a) as unknown as NamedVariables),
    ...prefixed('b', named(b) as unknown as NamedVariables),
  };
}

/** A map with these parts, to be filled. */
function zerosLike(names: readonly string[] | undefined, input: number, output: number): AffineMap {
  const shapes = { weight: [input, output], mean: [input], deviation: [input], bias: [output] };
  return tf.tidy(() =>
    Object.fromEntries(
      parts
        .filter((part) => names?.includes(part))
        .map((part) => [part, tf.variable(tf.tensor(allocateWeights(shapes[part]), shapes[part]), false) as Variable]),
    ),
  ) as AffineMap;
}
