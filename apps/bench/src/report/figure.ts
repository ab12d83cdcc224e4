/** A picture as the bytes of a PNG file, or an animated one as those of a WebP file. */
export type PictureFile = Uint8Array;

/** Lines over a common horizontal axis that counts steps. */
export interface CurvesFigure {
  kind: 'curves';
  title: string;
  xLabel: string;
  yLabel: string;
  /** The values are shares: the axis stays within 0 to 1. */
  share?: boolean;
  series: { name: string; points: [x: number, y: number][] }[];
  /** Horizontal lines to compare with. */
  references?: { name: string; y: number }[];
}

/** Queries and what was found for them, best first. */
export interface RetrievalFigure {
  kind: 'retrieval';
  title: string;
  caption: string;
  /** How many were searched. */
  gallery: number;
  /** The last place that counts as found. */
  near: number;
  queries: {
    /** Words, a picture, or both; `spoken` marks words that were heard, not read. */
    text?: string;
    picture?: PictureFile;
    spoken?: boolean;
    /** The right answer, where the question does not show it already. */
    answer?: PictureFile;
    /** Where the right answer came, from 1. */
    rank: number;
    results: { label: string; picture?: PictureFile; right: boolean }[];
  }[];
}

/** Rows of pictures under common headings. */
export interface PicturesFigure {
  kind: 'pictures';
  title: string;
  caption: string;
  /** One per column, when columns mean something. */
  headings?: string[];
  rows: { label?: string; pictures: PictureFile[] }[];
}

/** Horizontal bars, to compare a few numbers. */
export interface BarsFigure {
  kind: 'bars';
  title: string;
  caption: string;
  bars: { name: string; value: number; emphasis?: boolean }[];
  /** The end of the scale; the largest value when left out. */
  maximum?: number;
}

/** How often each class was taken for each other. */
export interface ConfusionFigure {
  kind: 'confusion';
  title: string;
  caption: string;
  classes: string[];
  /** `counts[actual][predicted]`. */
  counts: number[][];
}

/** Points in a plane, coloured by series. */
export interface ScatterFigure {
  kind: 'scatter';
  title: string;
  caption: string;
  series: { name: string; points: [x: number, y: number][] }[];
}

/** Sounds that can be played. */
export interface SoundsFigure {
  kind: 'sounds';
  title: string;
  caption: string;
  /** Bytes of wav files. */
  sounds: { label: string; wav: Uint8Array }[];
}

/** What an entry shows in the report. */
export type Figure =
  | CurvesFigure
  | RetrievalFigure
  | PicturesFigure
  | BarsFigure
  | ConfusionFigure
  | ScatterFigure
  | SoundsFigure;
