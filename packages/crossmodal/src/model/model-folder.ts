import { type DualEncoder, dualEncoder } from '@crossmodal/alignment';
import {
  CrossmodalError,
  type Encoder,
  loadSavedModel,
  type ModelCard,
  type ModelFile,
  type ModelFiles,
  savedModelFiles,
  subfolder,
} from '@crossmodal/core';
import { openFolder, saveFolder } from '@crossmodal/core/models';
import { loadAudioEncoder } from '@crossmodal/encoders-audio';
import { loadTextEncoder } from '@crossmodal/encoders-text';
import { loadImageEncoder } from '@crossmodal/encoders-vision';

/** The modalities that this command trains on. */
export const modalities = ['image', 'text', 'audio'] as const;
export type Modality = (typeof modalities)[number];

/** A model that was saved as a folder: one encoder per modality in a folder of its own, projections and temperature above. */
export interface SavedDualEncoder {
  readonly model: DualEncoder<Modality>;
  readonly encoders: Readonly<Partial<Record<Modality, Encoder>>>;
  readonly modalities: readonly Modality[];
  readonly dimension: number;
}

const type = 'dualEncoder';

interface Options {
  modalities: Modality[];
  dimension: number;
  locked?: Modality[];
}

/**
 * Writes a dual encoder as a folder, whole or not at all.
 *
 * @throws CrossmodalError when an encoder cannot be saved, or the folder holds something else
 */
export async function saveDualEncoder(
  folder: string,
  model: DualEncoder<Modality>,
  {
    encoders,
    card,
    locked = [],
  }: { encoders: Partial<Record<Modality, Encoder>>; card: ModelCard; locked?: readonly Modality[] },
): Promise<void> {
  const others = new Map<string, ModelFile>();
  for (const modality of model.modalities) {
    const encoder = encoders[modality];
    if (!encoder?.files) throw new CrossmodalError(`saveDualEncoder: the ${modality} encoder cannot be saved`);
    for (const [name, file] of await encoder.files()) others.set(`${modality}/${name}`, file);
  }
  const own = Object.entries(model.namedVariables()).filter(([name]) => !name.includes('/encoder/'));
  const options: Options = { modalities: [...model.modalities], dimension: model.dimension, locked: [...locked] };
  const files = await savedModelFiles(
    { type, options: { ...options }, others: () => others },
    Object.fromEntries(own),
    { card },
  );
  await saveFolder(folder, files);
}

/** The encoder of a folder, ours or in Hugging Face's layout. */
export function loadEncoder(modality: Modality, source: string | ModelFiles): Promise<Encoder> {
  const load = { image: loadImageEncoder, text: loadTextEncoder, audio: loadAudioEncoder }[modality];
  return load(source, {}) as Promise<Encoder>;
}

/**
 * Loads what `saveDualEncoder` wrote.
 *
 * @throws CrossmodalError when the folder is not there, is of another kind, or is damaged
 */
export async function loadDualEncoder(folder: string): Promise<SavedDualEncoder> {
  const files = await openFolder(folder);
  const encoders: Partial<Record<Modality, Encoder>> = {};
  let model: DualEncoder<Modality> | undefined;
  await loadSavedModel(
    files,
    {
      [type]: async (given) => {
        const { modalities: names, dimension, locked } = checkedOptions(folder, given);
        for (const name of names) encoders[name] = await loadEncoder(name, subfolder(files, name));
        const made = dualEncoder({
          encoders: encoders as Record<Modality, Encoder>,
          dimension,
          seed: 0,
          locked: locked ?? [],
        });
        model = made;
        const own = Object.entries(made.namedVariables()).filter(([name]) => !name.includes('/encoder/'));
        return { namedVariables: () => Object.fromEntries(own) };
      },
    },
    { where: `loadDualEncoder: ${folder}` },
  );
  const loaded = model as unknown as DualEncoder<Modality>;
  return { model: loaded, encoders, modalities: loaded.modalities, dimension: loaded.dimension };
}

function checkedOptions(folder: string, given: Record<string, unknown>): Options {
  const { modalities: names, dimension, locked = [] } = given;
  const isModality = (name: unknown): name is Modality => modalities.includes(name as Modality);
  if (!Array.isArray(names) || names.length < 2 || !names.every(isModality)) {
    throw new CrossmodalError(
      `loadDualEncoder: ${folder}: modalities must be two or more of ${modalities.join(', ')}, got ${JSON.stringify(names)}`,
    );
  }
  if (!Number.isSafeInteger(dimension) || !Array.isArray(locked)) {
    throw new CrossmodalError(`loadDualEncoder: ${folder}: config.json has no dimension, or a wrong one`);
  }
  return { modalities: names, dimension: dimension as number, locked: locked.filter(isModality) };
}
