import type { Inputs } from '@crossmodal/core';
import { CrossmodalError, type ModelFiles, readConfig, readJson } from '@crossmodal/core';
import { activationOf, Config, linear, linearSpecs, type Parameters, type WeightPart } from '@crossmodal/core/blocks';
import { l2Normalize } from '@crossmodal/core/layers';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { pooled, poolingModes } from './pooling.js';
import { maskOf, type TextArchitecture } from './text-architecture.js';

/** What a folder of sentence-transformers says beyond the model itself. */
export interface SentenceModules {
  /** Where the model's own files are; '' is the top. */
  readonly folder: string;
  /** The architecture with pooling and what follows. */
  apply(architecture: TextArchitecture): TextArchitecture;
  readonly parts: readonly WeightPart[];
  /** Texts are put behind a prompt by its name; the tokens of the prompt count when pooling, unless this is false. */
  readonly includePrompt: boolean;
  /** Files that are saved along. */
  readonly names: readonly string[];
}

/** A step behind pooling. */
type Step = (x: Tensor, parameters: Parameters) => Tensor;

/** Torch's names of the activations of dense modules. */
const torchActivations: Readonly<Record<string, string>> = {
  'torch.nn.modules.activation.Tanh': 'tanh',
  'torch.nn.modules.activation.ReLU': 'relu',
  'torch.nn.modules.activation.GELU': 'gelu',
  'torch.nn.modules.activation.SiLU': 'silu',
  'torch.nn.modules.activation.Sigmoid': 'sigmoid',
  'torch.nn.modules.linear.Identity': 'linear',
};

/**
 * Reads `modules.json`: a Transformer, pooling, and any number of dense and normalising modules behind it.
 *
 * @returns undefined when there is no modules.json
 * @throws CrossmodalError when a module is of another kind
 */
export async function sentenceModules(where: string, files: ModelFiles): Promise<SentenceModules | undefined> {
  const list = await readJson(files, 'modules.json');
  if (list === undefined) return undefined;
  const { label } = files.get('modules.json')!;
  if (!Array.isArray(list) || list.length === 0) throw new CrossmodalError(`${label}: it must hold a list of modules`);
  const modules = list.map((module) => {
    const { type, path } = (module ?? {}) as { type?: unknown; path?: unknown };
    if (typeof type !== 'string' || typeof path !== 'string') {
      throw new CrossmodalError(`${label}: each module must have a type and a path`);
    }
    return { kind: type.split('.').at(-1)!, folder: path.replace(/\/$/, '') };
  });
  const [first, second, ...rest] = modules;
  if (first!.kind !== 'Transformer' || second?.kind !== 'Pooling') {
    throw new CrossmodalError(
      `${label}: the modules must begin with Transformer and Pooling, got ${modules.map(({ kind }) => kind).join(', ')}`,
    );
  }
  const poolingFile = `${second.folder}/config.json`;
  const pooling = new Config(await readConfig(files, poolingFile, { where }), files.get(poolingFile)!.label);
  const modes = poolingModes(pooling);
  const steps: Step[] = [];
  const parts: WeightPart[] = [];
  const names = ['modules.json', 'sentence_bert_config.json', 'config_sentence_transformers.json', poolingFile];
  let dimension: number | undefined;
  for (const { kind, folder } of rest) {
    const file = `${folder}/config.json`;
    if (kind === 'Normalize') {
      steps.push((x) => l2Normalize(x));
      names.push(file);
    } else if (kind === 'Dense') {
      const config = new Config(await readConfig(files, file, { where }), files.get(file)!.label);
      const [inputs, outputs] = [config.size('in_features'), config.size('out_features')];
      const name = config.text('activation_function', 'torch.nn.modules.activation.Tanh');
      const act = activationOf(config.label, torchActivations[name] ?? name);
      parts.push({ folder, specs: linearSpecs('linear', inputs, outputs, { bias: config.flag('bias', true) }) });
      steps.push((x, parameters) => act(linear(parameters.at(folder), 'linear', x)));
      names.push(file);
      dimension = outputs;
    } else if (kind !== 'Dropout') {
      throw new CrossmodalError(`${label}: modules must be Transformer, Pooling, Dense and Normalize, got ${kind}`);
    }
  }
  return {
    folder: first!.folder,
    includePrompt: pooling.flag('include_prompt', true),
    parts,
    names,
    apply: (architecture) => ({
      ...architecture,
      dimension: dimension ?? modes.length * architecture.width,
      vector({ sequence, mask }, { head }, inputs: Inputs) {
        const counted = (inputs['poolingMask'] as Tensor2D | undefined) ?? mask ?? maskOf(inputs);
        const start: Tensor = pooled(modes, sequence, counted);
        return steps.reduce((x, step) => step(x, head), start) as Tensor2D;
      },
    }),
  };
}
