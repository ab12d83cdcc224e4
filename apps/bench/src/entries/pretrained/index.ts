import { Random } from '@crossmodal/core';
import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { examplesFigure, waysFigure } from './figures.js';
import { openMojiTask, type Task, ucmTask } from './tasks.js';
import { type Duration, fromScratch, type PretrainedSettings, type Recalls, tuned } from './training.js';

const settings: Settings<PretrainedSettings> = {
  quick: {
    limit: Number.POSITIVE_INFINITY,
    epochs: 20,
    loraEpochs: 4,
    scratchEpochs: 26,
    batchSize: 128,
    dimension: 256,
  },
  smoke: { limit: 24, epochs: 1, loraEpochs: 1, scratchEpochs: 1, batchSize: 8, dimension: 16 },
};

export const pretrainedEntry: Entry = {
  id: 'pretrained',
  paradigm: 'embedding alignment, published towers',
  title: 'Two published towers learn to meet',
  question:
    'How much do locked towers of others, joined by two projections (then LoRA), gain over training from nothing?',
  run: (context) => runPretrained(context),
};

/** What the rows call the ways of training. */
const ways = {
  projections: 'locked towers, projections (LiT)',
  lora: 'LiT, then LoRA of the text tower',
  scratch: 'from nothing',
};

/** Recall at 1 and 10 in both directions. */
const cutOffs = [1, 10];

export async function runPretrained(
  context: EntryContext,
  own: PretrainedSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const { dataFolder, seed } = context;
  const random = new Random(seed).fork('captions');
  const tasks: Task[] = [await openMojiTask(context, { limit: own.limit, random })];
  if (dataFolder !== undefined) tasks.push(await ucmTask(dataFolder, { limit: own.limit }));
  const rows: Row[] = [];
  const facts: EntryOutcome['facts'] = {};
  const figures: EntryOutcome['figures'] = [];
  for (const task of tasks) {
    const { untrained, projections, lora, durations, trained } = await tuned(context, task, own);
    const scratch = await fromScratch(context, task, own);
    const add = (way: string, before: Recalls, after: Recalls) => {
      for (const direction of ['words to pictures', 'pictures to words'] as const) {
        for (const k of cutOffs) {
          rows.push({
            metric: `recall@${k}, ${task.name}, ${direction}: ${way}`,
            better: 'higher',
            chance: after[direction].chance.recall[k]!,
            untrained: before[direction].recall[k]!,
            value: after[direction].recall[k]!,
            published: null,
          });
        }
      }
    };
    add(ways.projections, untrained, projections);
    add(ways.lora, untrained, lora);
    add(ways.scratch, scratch.untrained, scratch.trained);
    const ofWords = (recalls: Recalls) => recalls['words to pictures'].recall[10]!;
    figures.push(
      waysFigure(
        task,
        [
          { name: ways.projections, recall: ofWords(projections) },
          { name: ways.lora, recall: ofWords(lora) },
          { name: ways.scratch, recall: ofWords(scratch.trained) },
        ],
        { chance: lora['words to pictures'].chance.recall[10]! },
      ),
      await examplesFigure(task, lora.examples, { way: ways.lora }),
    );
    facts[`${task.name}: training and test pictures`] = `${task.train.length} and ${task.test.length}`;
    facts[`${task.name}: trained values (projections, LoRA, from nothing)`] =
      `${trained.projections}, ${trained.lora}, ${scratch.values}`;
    const steps = Math.max(1, Math.floor(task.train.length / own.batchSize));
    facts[`${task.name}: steps of ${own.batchSize} (projections, LoRA, from nothing)`] = [
      own.epochs,
      own.loraEpochs,
      own.scratchEpochs,
    ]
      .map((epochs) => epochs * steps)
      .join(', ');
    const seconds = (kind: keyof Duration) =>
      [...durations, scratch.duration].map((duration) => duration[kind].toFixed(0)).join(', ');
    facts[`${task.name}: seconds of training (projections, LoRA, from nothing)`] = seconds('wall');
    facts[`${task.name}: seconds of the processor for it`] = seconds('processor');
  }
  const name = tasks[0]!.name;
  return {
    rows,
    headline: Object.values(ways).map((way) => `recall@10, ${name}, words to pictures: ${way}`),
    summary:
      'Sentences go through all-MiniLM-L6-v2, pictures through EfficientNet-Lite0 trained on ImageNet: two models that never met. ' +
      'First only a linear projection behind each is trained (locked-image and locked-text tuning), then low-rank adaptations ' +
      'of the text tower beside them. The comparison is the small model of the entry "alignment", trained from nothing on the ' +
      'same pairs and tested on the same held-out pictures. A picture counts as found when it has the caption that was asked for.' +
      (dataFolder === undefined ? ' Without --data there are no aerial photographs (UCM captions).' : ''),
    facts,
    figures,
  };
}
