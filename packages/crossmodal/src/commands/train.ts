import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { CrossmodalError, type Encoder } from '@crossmodal/core';
import { useDevice } from '@crossmodal/core/device';
import { saveFolder } from '@crossmodal/core/models';
import { writeAtomically } from '@crossmodal/core/safetensors/files';
import { loadWaveform } from '@crossmodal/encoders-audio';
import { type Context, duration, grouped, report } from '../cli/context.js';
import { type Item, modalitiesOf } from '../data/item.js';
import { type Splits, splitItems } from '../data/splits.js';
import { thinned } from '../data/thinned.js';
import { loadEncoder, type Modality, modalities } from '../model/load-model.js';
import { audioChannels, imageChannels, newEncoder, soundRate } from '../train/encoders.js';
import type { Direction } from '../train/evaluate.js';
import { decodedMedia } from '../train/media-cache.js';
import { epochsFor, planDifferences, type TrainPlan } from '../train/plan.js';
import { trainModel } from '../train/train-model.js';
import { type DataOptions, readData, usableItems } from './data.js';

interface TrainOptions extends DataOptions {
  out: string;
  imageEncoder?: string;
  textEncoder?: string;
  audioEncoder?: string;
  lock?: boolean;
  epochs?: number;
  batchSize?: number;
  learningRate?: number;
  dimension?: number;
  imageSize?: number;
  channels?: number[];
  seed?: number;
  limit?: number;
  plan?: boolean;
  restart?: boolean;
}

export async function trainCommand(options: TrainOptions, context: Context): Promise<void> {
  const { terminal, signal } = context;
  const { out, seed = 1, limit } = options;
  const device = await useDevice(context.device as 'auto');
  terminal.note(`device: ${device.description}`);
  const inspection = await readData(options, context);
  const items = thinned(usableItems(inspection, context), limit ?? Number.POSITIVE_INFINITY);
  const used = usedModalities(items);
  const trained = items.filter((item) => modalitiesOf(item).filter((modality) => used.includes(modality)).length > 1);
  const splits = splitItems(trained, { seed });
  const pretrained = Object.fromEntries(
    used.flatMap((modality) => {
      const folder = options[`${modality}Encoder`];
      return folder === undefined ? [] : [[modality, folder]];
    }),
  ) as Partial<Record<Modality, string>>;
  const plan = planOf(options, { splits, used, pretrained, seed });
  terminal.note(planText(plan, { left: items.length - trained.length }));
  if (options.plan) return report(context, plan, () => '');

  const runFolder = `${out.replace(/[/\\]+$/, '')}.run`;
  await claimRun(runFolder, plan, options.restart ?? false);
  const encoders: Partial<Record<Modality, Encoder>> = {};
  const facts = {
    texts: splits.train.flatMap((item) => item.texts),
    seconds: used.includes('audio') ? await typicalSeconds(splits.train) : undefined,
  };
  for (const modality of used) {
    const folder = pretrained[modality];
    const settings = {
      imageSize: plan.imageSize,
      channels: plan.channels[modality === 'audio' ? 'audio' : 'image'],
      blocks: 1,
      width: 2 * plan.dimension,
      seed,
    };
    encoders[modality] =
      folder === undefined ? newEncoder(modality, facts, settings) : await loadEncoder(modality, folder);
  }
  const mediaOf = await withBar(context, 'decoding', (onProgress) =>
    decodedMedia(trained, {
      imageSize: used.includes('image') && pretrained.image === undefined ? plan.imageSize : undefined,
      ...(pretrained.audio === undefined ? { sampleRate: soundRate } : {}),
      onProgress,
    }),
  );
  const { model, history, validation, test } = await trainModel({
    encoders,
    locked: plan.locked,
    partialTexts: pretrained.text === undefined,
    splits,
    mediaOf,
    settings: plan,
    runFolder,
    signal,
    onEstimate: (seconds) =>
      terminal.note(
        `about ${duration(seconds * plan.steps)} for ${grouped(plan.steps)} steps on this machine as it is now, beside validation`,
      ),
  });
  for (const note of history.notes) terminal.note(note);
  if (history.stopped === 'aborted') {
    terminal.note(`stopped; the same command goes on from the last checkpoint in ${runFolder}`);
    return;
  }
  const measured = test.length > 0 ? test : validation;
  const card = {
    title: `${used.join(', ')} in one space`,
    data: `${inspection.kind}, ${grouped(plan.items.train)} items for training`,
    metrics: Object.fromEntries(
      measured.flatMap(({ name, recall }) =>
        Object.entries(recall).map(([k, value]) => [`${name}, recall@${k}`, Number(value.toFixed(3))]),
      ),
    ),
  };
  await saveFolder(out, await model.files({ card }));
  report(context, { model: out, seconds: history.seconds, validation, test }, () =>
    [
      `${out}: trained in ${duration(history.seconds)}${history.best ? `, best at step ${history.best.step}` : ''}`,
      ...directionLines(test.length > 0 ? 'test' : 'validation', measured),
    ].join('\n'),
  );
}

/** A line per direction: recall@1, 5 and 10, and what chance would give. */
export function directionLines(split: string, directions: readonly Direction[]): string[] {
  return directions.map(({ name, queries, gallery, recall, chance }) => {
    const numbers = Object.entries(recall).map(
      ([k, value]) => `@${k} ${value.toFixed(3)} (chance ${(chance[Number(k)] ?? 0).toFixed(3)})`,
    );
    return `${split}, ${name}: recall ${numbers.join(', ')}; ${grouped(queries)} queries, ${grouped(gallery)} answers`;
  });
}

/** The modalities that at least two items in ten have, where some item has two. */
function usedModalities(items: readonly Item[]): Modality[] {
  const share = (modality: Modality) =>
    items.filter((item) => modalitiesOf(item).includes(modality)).length / items.length;
  const used = modalities.filter((modality) => share(modality) >= 0.2);
  if (used.length >= 2 && items.some((item) => modalitiesOf(item).length > 1)) return used;
  const counts = modalities.map(
    (modality) => `${modality} ${items.filter((item) => modalitiesOf(item).includes(modality)).length}`,
  );
  throw new CrossmodalError(`train: two modalities are needed, and the items have ${counts.join(', ')}`, {
    remedy: 'put texts beside the files, make one folder per class, or name columns with --image, --text and --audio',
  });
}

function planOf(
  options: TrainOptions,
  {
    splits,
    used,
    pretrained,
    seed,
  }: { splits: Splits; used: Modality[]; pretrained: TrainPlan['pretrained']; seed: number },
): TrainPlan {
  const isPretrained = Object.keys(pretrained).length > 0;
  const batchSize = Math.min(options.batchSize ?? (isPretrained ? 32 : 128), splits.train.length);
  const stepsPerEpoch = Math.floor(splits.train.length / batchSize);
  const { imageSize = 64 } = options;
  const epochs = options.epochs ?? epochsFor(stepsPerEpoch, { pretrained: isPretrained });
  return {
    data: resolve(options.data),
    modalities: used,
    pretrained,
    locked: options.lock ? used.filter((modality) => pretrained[modality] !== undefined) : [],
    items: { train: splits.train.length, validation: splits.validation.length, test: splits.test.length },
    splits: splits.reason,
    epochs,
    batchSize,
    stepsPerEpoch,
    steps: epochs * stepsPerEpoch,
    learningRate: options.learningRate ?? (isPretrained && !options.lock ? 1e-4 : 2e-3),
    weightDecay: 0.1,
    dimension: options.dimension ?? 128,
    imageSize,
    channels: {
      image: options.channels ?? imageChannels(imageSize),
      audio: options.channels ?? audioChannels,
    },
    seed,
  };
}

function planText(plan: TrainPlan, { left }: { left: number }): string {
  const { items, modalities: used, pretrained } = plan;
  const encoder = (modality: Modality) =>
    `${modality} ${pretrained[modality] === undefined ? 'from scratch' : `from ${pretrained[modality]}${plan.locked.includes(modality) ? ', locked' : ''}`}`;
  return [
    `items: ${grouped(items.train)} to train on, ${grouped(items.validation)} for validation, ${grouped(items.test)} for the test (${plan.splits})${left > 0 ? `; ${grouped(left)} have one modality only` : ''}`,
    `model: ${used.map(encoder).join('; ')}; vectors of ${plan.dimension}`,
    `steps: ${grouped(plan.steps)} (${plan.epochs} epochs of ${grouped(plan.stepsPerEpoch)}), ${plan.batchSize} items each; learning rate ${plan.learningRate}, seed ${plan.seed}`,
  ].join('\n');
}

/** Makes the folder of checkpoints, or sees that it belongs to this plan. */
async function claimRun(folder: string, plan: TrainPlan, restart: boolean): Promise<void> {
  const path = join(folder, 'plan.json');
  if (restart) await rm(folder, { recursive: true, force: true });
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text !== undefined) {
    const differences = planDifferences(JSON.parse(text) as TrainPlan, plan);
    if (differences.length === 0) return;
    throw new CrossmodalError(`train: ${folder} is of a run with other settings: ${differences.join('; ')}`, {
      remedy: 'name another --out, give the settings of that run, or pass --restart to remove what it has done',
    });
  }
  await writeAtomically(path, `${JSON.stringify(plan, undefined, 2)}\n`, { where: 'train' });
}

/** Seconds that nine of ten recordings stay below, at most ten; told by some of them. */
async function typicalSeconds(items: readonly Item[]): Promise<number> {
  const recordings = items.filter((item) => typeof item.audio === 'string');
  const some = Array.from(
    { length: Math.min(50, recordings.length) },
    (_, i) => recordings[Math.floor((i * recordings.length) / Math.min(50, recordings.length))] as Item,
  );
  const seconds: number[] = [];
  for (const { audio } of some) {
    const { samples, sampleRate } = await loadWaveform(audio as string);
    seconds.push(samples.length / sampleRate);
  }
  seconds.sort((a, b) => a - b);
  return Math.min(10, Math.max(0.5, Math.ceil(10 * (seconds[Math.floor(0.9 * (seconds.length - 1))] ?? 4)) / 10));
}

async function withBar<T>(
  { terminal }: Context,
  label: string,
  work: (onProgress: (done: number, total: number) => void) => Promise<T>,
): Promise<T> {
  let bar: ReturnType<typeof terminal.bar> | undefined;
  try {
    return await work((done, total) => {
      bar ??= terminal.bar(label, total);
      bar.update(done);
    });
  } finally {
    bar?.stop();
  }
}
