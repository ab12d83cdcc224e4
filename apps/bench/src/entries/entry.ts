import type { Device } from '@crossmodal/core/device';
import type { FitOptions } from '@crossmodal/core/train';
import type { OpenMoji, Style } from '../data/openmoji.js';
import type { Utterance } from '../data/speech.js';
import type { PresetName } from '../presets.js';
import type { Figure } from '../report/figure.js';
import type { Result } from '../result.js';

/** A row as an entry returns it; the suite adds the entry's name, paradigm and time. */
export type Row = Omit<Result, 'id' | 'paradigm' | 'seconds'>;

/** What an entry brings back. */
export interface EntryOutcome {
  rows: Row[];
  /** Metrics that the report shows large; all of them, up to four, unless given. */
  headline?: string[];
  /** One honest sentence or two: what was done, how to read the number. */
  summary: string;
  /** Sizes and settings worth knowing, in order. */
  facts: Record<string, string | number>;
  figures: Figure[];
}

/** How a training is shown. */
export type Followed = Pick<FitOptions, 'label' | 'progress' | 'callbacks'>;

/** What an entry that takes domains of one's own learns from, and where it is to work. */
export interface ChosenDomains {
  source?: string;
  target?: string;
  methods?: string[];
}

/** What an entry is given. */
export interface EntryContext {
  readonly preset: PresetName;
  readonly seed: number;
  /** Control: pairs and labels of the training data are shuffled; results must fall back to chance. */
  readonly shuffle: boolean;
  readonly device: Device;
  /** What `--data` or CROSSMODAL_DATA names, for entries with data sets of their own. */
  readonly dataFolder: string | undefined;
  /** What `--models` or CROSSMODAL_MODELS names, for entries with models of others. */
  readonly models: string | undefined;
  /** What `--source`, `--target` and `--methods` name, for entries that take them. */
  readonly domains?: ChosenDomains;
  /** The styles that `--styles` names, for the entry of this name. */
  readonly styles: readonly string[];
  /** Where what takes long is kept. */
  readonly cacheFolder: string;
  readonly openmoji: OpenMoji;
  /** The cached pictures of emojis: paths of PNG files of 72 x 72 pixels. */
  pictures(hexcodes: readonly string[], style: Style): Promise<string[]>;
  /** The cached wav files of spoken names. */
  speech(utterances: readonly Utterance[]): Promise<string[]>;
  /** What several entries need is made once per run: by the first that asks for it, whose time it counts to. */
  shared<T>(name: string, make: () => Promise<T>): Promise<T>;
  /**
   * The outcome of one training of this run, as JSON can hold it. `bench seeds` writes it beside its results as soon as it is there, and a run
   * that was interrupted reads it; elsewhere it is made each time.
   *
   * @param name unlike those of the other trainings of the entry
   */
  kept<T>(name: string, make: () => Promise<T>): Promise<T>;
  /** Shows where something that takes long stands. */
  progress(line: string): void;
  /** Options of `fit` that show where a training of so many steps stands. */
  follow(label: string, steps: number): Followed;
}

/** One experiment of the suite. */
export interface Entry {
  readonly id: string;
  readonly paradigm: string;
  readonly title: string;
  /** One line for `bench list`. */
  readonly question: string;
  /** Knows `--source`, `--target` and `--methods`; the others refuse them. */
  readonly takesDomains?: boolean;
  run(context: EntryContext): Promise<EntryOutcome>;
}
