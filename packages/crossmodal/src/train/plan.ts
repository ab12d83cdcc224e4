import type { Modality } from '../model/load-model.js';

/** What a run is to do; kept beside its checkpoints, so that another command does not go on with it by mistake. */
export interface TrainPlan {
  data: string;
  modalities: readonly Modality[];
  /** Folders of pretrained encoders. */
  pretrained: Readonly<Partial<Record<Modality, string>>>;
  locked: readonly Modality[];
  items: { train: number; validation: number; test: number };
  splits: string;
  epochs: number;
  batchSize: number;
  stepsPerEpoch: number;
  steps: number;
  learningRate: number;
  weightDecay: number;
  dimension: number;
  imageSize: number;
  /** Channels of each stage of encoders from scratch. */
  channels: Readonly<Record<'image' | 'audio', readonly number[]>>;
  seed: number;
}

/** Steps that a run makes unless it is told how many epochs. On UCM captions validation rose until step 858 of a thousand, with another encoder. */
const wantedSteps = { scratch: 1000, pretrained: 400 };

/** As many epochs as make so many steps, at least ten and at most a hundred. */
export function epochsFor(stepsPerEpoch: number, { pretrained }: { pretrained: boolean }): number {
  const steps = pretrained ? wantedSteps.pretrained : wantedSteps.scratch;
  return Math.min(100, Math.max(pretrained ? 3 : 10, Math.ceil(steps / Math.max(1, stepsPerEpoch))));
}

/** Settings in which two plans differ, as `epochs 40, now 60`. */
export function planDifferences(before: TrainPlan, now: TrainPlan): string[] {
  return (Object.keys(now) as (keyof TrainPlan)[])
    .filter((name) => JSON.stringify(before[name]) !== JSON.stringify(now[name]))
    .map((name) => `${name} ${JSON.stringify(before[name])}, now ${JSON.stringify(now[name])}`);
}
