import { CrossmodalError, Random } from '@crossmodal/core';
import { type AudioItem, spectrogramEncoder } from '@crossmodal/encoders-audio';
import { spokenDigits } from '../../data/spoken-digits.js';
import type { Settings } from '../../presets.js';
import { accuracyRows, comparisonFigures, onTarget } from '../domain-adaptation/comparison.js';
import { type Domain, subset } from '../domain-adaptation/labelled-set.js';
import { byDefaults, findMethod } from '../domain-adaptation/methods.js';
import { type MethodResult, type TrainingSettings, trainMethod } from '../domain-adaptation/train-method.js';
import type { Entry, EntryContext, EntryOutcome, Row } from '../entry.js';
import { digitNames, type Recorded, type Said, soundSet, speakerDomain, spokenBy, voices } from './domains.js';

interface SpeechAdaptationSettings extends TrainingSettings {
  channels: number[];
  /** Recordings in all. */
  limit: number;
  /** Voices of the synthesiser. */
  voices: number;
  /** Each of them is the target once. */
  speakers: string[];
}

const settings: Settings<SpeechAdaptationSettings> = {
  quick: {
    ...{ steps: 400, batchSize: 32, measurements: 4, channels: [16, 32, 48], limit: Number.POSITIVE_INFINITY },
    ...{ voices: 40, speakers: ['theo', 'nicolas', 'lucas'] },
  },
  smoke: {
    ...{ steps: 2, batchSize: 8, measurements: 1, channels: [4, 4], limit: 300, voices: 2, speakers: ['theo'] },
  },
};

const compared = ['source only', byDefaults, 'DAN', onTarget] as const;

export const speechAdaptationEntry: Entry = {
  id: 'speech-adaptation',
  paradigm: 'domain adaptation',
  title: 'To a speaker, and from synthetic voices to recordings, without their labels',
  question: 'Are digits of a new speaker understood better, or of people after learning from a synthesiser? (FSDD)',
  run: runSpeechAdaptation,
};

async function runSpeechAdaptation(context: EntryContext): Promise<EntryOutcome> {
  const own = settings[context.preset];
  const recordings = await spokenDigits({ dataFolder: context.dataFolder, limit: own.limit });
  const encoderOf = (seed: number) =>
    spectrogramEncoder({
      // A floor of -9.2: the silence of a synthesiser is none at all, that of a recording hisses.
      ...{ sampleRate: 8000, seconds: 0.8, bands: 32, hopLength: 256, windowLength: 512, offset: 1e-4 },
      ...{ channels: own.channels, dimension: 64, seed },
    });
  const preparing = encoderOf(1);
  const sounds = await soundSet(
    preparing,
    recordings.map(({ waveform, digit }) => ({ sound: waveform, digit })),
  );
  const recorded: Recorded = { recordings, sounds };
  const pairs = own.speakers.map((speaker) => heldOutSpeaker(recorded, speaker));
  pairs.push(await synthesised(context, preparing, recorded, own));
  preparing.dispose();

  const rows: Row[] = [];
  const facts: Record<string, string | number> = {};
  const figures: EntryOutcome['figures'] = [];
  for (const [place, { source, target }] of pairs.entries()) {
    const results = new Map<string, MethodResult>();
    for (const name of compared) {
      const reference = name === onTarget;
      const { model, ...result } = await trainMethod(
        findMethod(reference ? 'source only' : name),
        { source: reference ? target : source, target },
        { features: encoderOf(context.seed), classes: digitNames.length },
        own,
        {
          ...{ seed: context.seed, shuffle: context.shuffle },
          follow: context.follow(`${name}, ${target.name}`, own.steps),
        },
      );
      model.dispose();
      results.set(name, result);
    }
    const pair = `${source.name} to ${target.name}`;
    rows.push(...accuracyRows(pair, results, { chance: 0.1 }));
    facts[`${pair}: recordings for training, without labels, for tests`] =
      `${source.train.count}, ${target.train.count}, ${target.test.count}`;
    facts[`${pair}: seconds of processor`] = [...results]
      .map(([name, { processorSeconds }]) => `${name} ${processorSeconds.toFixed(0)}`)
      .join(', ');
    // In full for the last pair; of the others the accuracies.
    const drawn = await comparisonFigures(results, { source, target, classes: digitNames });
    figures.push(...(place === pairs.length - 1 ? drawn : drawn.slice(0, 1)));
  }
  return {
    rows,
    headline: rows
      .slice(-compared.length)
      .map(({ metric }) => metric)
      .slice(0, 3),
    summary:
      'Spoken digits. First one speaker is held out: the classifier has the labels of the others, and recordings of that speaker without any. ' +
      'Then the labelled part is spoken by a synthesiser, and the target are recordings of six people. Test recordings are in no training.',
    facts: { ...facts, Steps: own.steps, 'Recordings in a batch': `${own.batchSize} of each domain` },
    figures,
  };
}

/** Most recordings of the other speakers are learnt from; of the new one, two fifths are for tests. */
function heldOutSpeaker(recorded: Recorded, speaker: string): { source: Domain; target: Domain } {
  const { recordings } = recorded;
  const own = recordings.filter((recording) => recording.speaker === speaker);
  if (own.length === 0 || own.length === recordings.length) {
    const names = [...new Set(recordings.map((recording) => recording.speaker))].join(', ');
    throw new CrossmodalError(`speech-adaptation: there are no recordings of ${speaker} and others, got ${names}`);
  }
  const tests = new Set(new Random(`tests of ${speaker}`).shuffle([...own]).slice(0, Math.ceil(0.4 * own.length)));
  return {
    source: speakerDomain('other speakers', recorded, {
      belongs: (recording) => recording.speaker !== speaker,
      isTest: ({ split }) => split === 'test',
    }),
    target: speakerDomain(speaker, recorded, {
      belongs: (recording) => recording.speaker === speaker,
      isTest: (recording) => tests.has(recording),
    }),
  };
}

/** Digits of the synthesiser, and recordings of all speakers. */
async function synthesised(
  context: EntryContext,
  encoder: ReturnType<typeof spectrogramEncoder>,
  recorded: Recorded,
  { voices: count }: SpeechAdaptationSettings,
): Promise<{ source: Domain; target: Domain }> {
  const files: AudioItem[] = await context.speech(spokenBy(voices(count)));
  const spoken = await soundSet(
    encoder,
    files.map((sound, i): Said => ({ sound, digit: i % digitNames.length })),
  );
  // Whole voices are held out, every fifth or the last: those of a voice follow one another.
  const isTest = (i: number) => Math.floor(i / digitNames.length) % 5 === Math.min(4, count - 1);
  const rows = [...files.keys()];
  return {
    source: {
      name: 'synthesiser',
      train: subset(
        spoken,
        rows.filter((row) => !isTest(row)),
      ),
      test: subset(spoken, rows.filter(isTest)),
    },
    target: speakerDomain('recordings', recorded, { isTest: ({ split }) => split === 'test' }),
  };
}
