import { CrossmodalError, type Encoder } from '@crossmodal/core';
import { decodeValues, type StoredTensor } from '@crossmodal/core/safetensors';
import { readSafetensors } from '@crossmodal/core/safetensors/files';
import type { Variable } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';

/** Our names of weights to torch's. */
const names: Record<string, string> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/**
 * Puts the weights of a torchvision ResNet (a safetensors file with torch's names) into a `residualEncoder` of the same
 * depth. An `fc` of another width, or one that the encoder does not have, is left out; everything else must be there.
 *
 * @param encoder from `residualEncoder`
 * @param file path of the file, or its tensors by name
 * @returns names in the file that were not used
 * @throws CrossmodalError when a weight is missing or has another shape
 * @see torchvision.models.resnet; safetensors.torch.save_file(model.state_dict(), path)
 * @example
 * const encoder = residualEncoder({ depth: 18, size: 224, seed: 1 });
 * await loadTorchvisionWeights(encoder, 'resnet18.safetensors');
 */
export async function loadTorchvisionWeights(
  encoder: Encoder<never>,
  file: string | ReadonlyMap<string, StoredTensor>,
): Promise<string[]> {
  const tensors = typeof file === 'string' ? (await readSafetensors(file)).tensors : file;
  const source = typeof file === 'string' ? file : 'the given tensors';
  const plan: { variable: Variable; stored: StoredTensor }[] = [];
  const used = new Set<string>();
  for (const [name, variable] of Object.entries(encoder.namedVariables())) {
    const cut = name.lastIndexOf('/');
    const torchName = `${name.slice(0, cut)}.${names[name.slice(cut + 1)]}`;
    const stored = tensors.get(torchName);
    const shape = torchShape(variable.shape);
    const isHead = name.startsWith('fc/');
    if (stored && stored.shape.join() === shape.join()) {
      plan.push({ variable, stored });
      used.add(torchName);
    } else if (!isHead) {
      const found = stored ? `has shape [${stored.shape}]` : 'is missing';
      throw new CrossmodalError(`loadTorchvisionWeights: ${source}: ${torchName} must be [${shape}], but it ${found}`, {
        remedy: 'check that file and encoder are ResNets of the same depth, stem and input channels',
      });
    }
  }
  // Only now that all is there: a file that does not fit changes nothing.
  for (const { variable, stored } of plan) {
    tf.tidy(() => {
      const values = tf.tensor(Float32Array.from(decodeValues(stored) as Float32Array), [...stored.shape]);
      variable.assign(fromTorch(values));
    });
  }
  return [...tensors.keys()].filter((name) => !used.has(name));
}

/** [height, width, in, out] is [out, in, height, width] in torch; [in, out] is [out, in]. */
function torchShape(shape: readonly number[]): number[] {
  if (shape.length === 4) return [shape[3]!, shape[2]!, shape[0]!, shape[1]!];
  return [...shape].reverse();
}

function fromTorch(values: tf.Tensor): tf.Tensor {
  if (values.rank === 4) return tf.transpose(values, [2, 3, 1, 0]);
  return values.rank === 2 ? tf.transpose(values) : values;
}
