import type { Parameters } from '../blocks/parameters.js';
import { CrossmodalError } from '../errors.js';
import { type ModelFiles, readConfig } from '../model-files/model-files.js';
import { openWeights } from '../model-files/stored-weights.js';
import { loadWeights } from '../model-files/weight-plan.js';
import {
  type AdaptableEncoder,
  adaptations,
  type LinearMap,
  type Lora,
  linearMaps,
  parametersOf,
  prefix,
} from './adaptations.js';
import { freeze } from './freeze.js';

/**
 * Loads adaptations that PEFT or `lora(...).files()` wrote, and takes all other variables out of training.
 *
 * @throws CrossmodalError when they are of another kind than LoRA, or do not fit the encoder
 * @example
 * const adapted = await loadLora(encoder, await openFolder('adapters/mine'));
 */
export async function loadLora(encoder: AdaptableEncoder, files: ModelFiles): Promise<Lora> {
  const where = 'loadLora';
  const config = await readConfig(files, 'adapter_config.json', { where });
  const { label } = files.get('adapter_config.json')!;
  if (config['peft_type'] !== 'LORA') {
    throw new CrossmodalError(`${label}: peft_type must be LORA, got ${JSON.stringify(config['peft_type'])}`);
  }
  for (const key of ['use_dora', 'lora_bias', 'use_qalora', 'use_bdlora']) {
    if (config[key] === true) throw new CrossmodalError(`${label}: ${key} must be false, it is not supported`);
  }
  for (const key of ['modules_to_save', 'layer_replication', 'trainable_token_indices']) {
    if (config[key] !== undefined && config[key] !== null) {
      throw new CrossmodalError(`${label}: ${key} must be null, it is not supported`);
    }
  }
  const [rank, alpha] = [config['r'], config['lora_alpha']];
  if (!Number.isInteger(rank) || (rank as number) < 1 || typeof alpha !== 'number') {
    throw new CrossmodalError(`${label}: r and lora_alpha must be numbers, got ${String(rank)} and ${String(alpha)}`);
  }
  const dropout = config['lora_dropout'] ?? 0;
  if (typeof dropout !== 'number' || !(dropout >= 0 && dropout < 1)) {
    throw new CrossmodalError(`${label}: lora_dropout must be in [0, 1), got ${JSON.stringify(dropout)}`);
  }
  for (const key of ['rank_pattern', 'alpha_pattern']) {
    const pattern = Object.keys(config[key] ?? {}).find((name) => !plainPattern.test(name));
    if (pattern === undefined) continue;
    throw new CrossmodalError(`${label}: ${key} must have names of maps as keys, got ${JSON.stringify(pattern)}`, {
      remedy: 'write one key for each map, without wildcards',
    });
  }
  const file = files.get('adapter_model.safetensors');
  if (!file) throw new CrossmodalError(`${where}: there is no adapter_model.safetensors beside ${label}`);
  const weights = await openWeights(new Map([['model.safetensors', file]]), { where });
  const parameters = parametersOf(where, encoder);
  const places = adaptedMaps(parameters, weights.entries.keys());
  const rankOf = (name: string) => patternValue(config['rank_pattern'], name) ?? (rank as number);
  const specs = Object.fromEntries(
    places.flatMap(({ stored, map: { inputs, outputs } }) => [
      [`${prefix}${stored}.lora_A.weight`, { shape: [rankOf(stored), inputs] }],
      [`${prefix}${stored}.lora_B.weight`, { shape: [outputs, rankOf(stored)] }],
    ]),
  );
  const { variables } = await loadWeights(weights, specs, { where });
  freeze(encoder);
  for (const { stored, map } of places) {
    const own = rankOf(stored);
    const ownAlpha = patternValue(config['alpha_pattern'], stored) ?? alpha;
    parameters.adapters.set(map.name, {
      a: variables.get(`${prefix}${stored}.lora_A.weight`)!,
      b: variables.get(`${prefix}${stored}.lora_B.weight`)!,
      // Kalajdzievski (2023): a larger rank is divided by its root only.
      scale: ownAlpha / (config['use_rslora'] === true ? Math.sqrt(own) : own),
      dropout,
    });
  }
  const maps = places.map(({ map }) => map);
  return adaptations(parameters, maps, { rank: rank as number, alpha, dropout });
}

/** The patterns of a file that are tried: a name, whose dots may be escaped. Any other could take for ever. */
const plainPattern = /^\^?(?:\w|\\?\.)+\$?$/;

/** PEFT's patterns are regular expressions of the end of a name; the first that fits counts. */
function patternValue(patterns: unknown, name: string): number | undefined {
  for (const [pattern, value] of Object.entries((patterns ?? {}) as Record<string, unknown>)) {
    if (typeof value === 'number' && new RegExp(`^(.*\\.)?(${pattern})$`).test(name)) return value;
  }
  return undefined;
}

/**
 * The linear maps that an adapter's file is about. A model for a task has its encoder below a name of its own, so a map may be
 * called `encoder.layer.0...` here and `bert.encoder.layer.0...` there.
 */
function adaptedMaps(parameters: Parameters, names: Iterable<string>): { stored: string; map: LinearMap }[] {
  const all = linearMaps(parameters, 'linear');
  const stored = [...names].flatMap((name) => {
    const own = name.startsWith(prefix) ? /^(.*)\.lora_A\.weight$/.exec(name.slice(prefix.length)) : null;
    return own ? [own[1]!] : [];
  });
  const found = stored.flatMap((name) => {
    const exact = all.filter((map) => map.name === name);
    const near = all.filter((map) => name.endsWith(`.${map.name}`) || map.name.endsWith(`.${name}`));
    const [map, ...others] = exact.length > 0 ? exact : near;
    // What fits nothing is reported as extra when the weights are loaded.
    return map && others.length === 0 ? [{ stored: name, map }] : [];
  });
  // In the order of the model, whatever that of the file.
  return found.sort((a, b) => all.indexOf(a.map) - all.indexOf(b.map));
}
