import type { NamedVariables } from '@crossmodal/core';
import type { Tensor } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** relu(x W + b) as a feature extractor, as the golden steps have it. */
export function hiddenLayer(inputs: number, units: number): tfl.LayersModel {
  const input = tfl.input({ shape: [inputs] });
  const output = tfl.layers.dense({ units, activation: 'relu', name: 'hidden' }).apply(input) as tfl.SymbolicTensor;
  return tfl.model({ inputs: input, outputs: output });
}

/** Overwrites variables, by name. */
export function assign(variables: NamedVariables, values: Record<string, Tensor>): void {
  for (const [name, value] of Object.entries(values)) {
    const variable = variables[name];
    if (!variable) throw new Error(`no variable ${name} among ${Object.keys(variables).join(', ')}`);
    variable.assign(value as never);
  }
}
