import type { Settings } from '../../presets.js';
import type { Entry, EntryContext, EntryOutcome } from '../entry.js';
import { trainingCurve } from '../shared/curve.js';
import { type ArticleSettings, alignArticles } from './articles.js';
import { type Method, positiveNames, precisionRows } from './measured.js';
import { alignScenes, type SceneSettings } from './scenes.js';

export interface SemanticAlignmentSettings {
  articles: ArticleSettings;
  scenes: SceneSettings;
}

const settings: Settings<SemanticAlignmentSettings> = {
  quick: {
    articles: { dimension: 32, epochs: 20, batchSize: 128, limit: Number.POSITIVE_INFINITY },
    scenes: {
      size: 32,
      channels: [16, 32, 64],
      dimension: 64,
      epochs: 12,
      batchSize: 48,
      limit: Number.POSITIVE_INFINITY,
    },
  },
  smoke: {
    articles: { dimension: 4, epochs: 1, batchSize: 16, limit: 60 },
    scenes: { size: 16, channels: [4, 8], dimension: 8, epochs: 1, batchSize: 8, limit: 21 },
  },
};

export const semanticAlignmentEntry: Entry = {
  id: 'semantic-alignment',
  paradigm: 'embedding alignment, semantic',
  title: 'Labels and descriptions decide what belongs together',
  question:
    'Do items of one class find each other better when labels or descriptions say what is positive? (Wikipedia, UCM captions)',
  run: (context) => runSemanticAlignment(context),
};

/** Aligns articles and aerial photographs with pairs alone, with descriptions and with labels as positives. */
export async function runSemanticAlignment(
  context: EntryContext,
  own: SemanticAlignmentSettings = settings[context.preset],
): Promise<EntryOutcome> {
  const articles = await alignArticles(context, own.articles);
  const { methods: scenes, confusion } = await alignScenes(context, own.scenes);
  const rows = [...precisionRows('Wikipedia', articles), ...precisionRows('UCM', scenes)];
  return {
    rows,
    headline: rows
      .filter(
        ({ metric }) =>
          metric.endsWith(positiveNames.labels) || metric.includes(`UCM, picture to text: ${positiveNames.pairs}`),
      )
      .map(({ metric }) => metric)
      .slice(0, 4),
    summary:
      'Three models of equal networks, batches and steps that differ only in what is positive: the partner alone (of photographs ' +
      'also an equal caption), items with like descriptions (topics of the article, words of the caption), or items of one class. ' +
      'Right is whatever is of the class of the query. Articles have fixed features and linear maps; photographs are trained from pixels.',
    facts: {
      'Articles, epochs of each model': own.articles.epochs,
      'Photographs, steps of each model': scenes[0]!.history.records.length,
      'Steps per second': scenes.map(({ history }) => history.stepsPerSecond.toFixed(1)).join(' / '),
    },
    figures: [
      precisionBars('Wikipedia articles', articles),
      precisionBars('Aerial photographs', scenes),
      {
        kind: 'curves',
        title: 'Contrastive loss on photographs',
        xLabel: 'step',
        yLabel: 'nats',
        series: scenes.map(({ name, history }) => ({ name, points: trainingCurve(history) })),
      },
      confusion,
    ],
  };
}

function precisionBars(title: string, methods: readonly Method[]): EntryOutcome['figures'][number] {
  const mean = ({ imageToText, textToImage }: Method['trained']) =>
    (imageToText.meanAveragePrecision + textToImage.meanAveragePrecision) / 2;
  const chance = methods[0]!.trained.imageToText.chance.meanAveragePrecision;
  return {
    kind: 'bars',
    title: `mAP by class, ${title}`,
    caption: 'Test items, the mean of both directions.',
    bars: [
      { name: 'chance', value: chance },
      ...methods.map(({ name, trained }) => ({ name, value: mean(trained), emphasis: name === positiveNames.labels })),
    ],
    maximum: 1,
  };
}
