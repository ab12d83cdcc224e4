/** One measured number beside what it must be compared with. */
export interface Result {
  /** The entry, as `bench run` takes it. */
  id: string;
  paradigm: string;
  /** What is measured, on what. */
  metric: string;
  better: 'higher' | 'lower';
  /** What guessing reaches; null where guessing has no such number. */
  chance: number | null;
  /** The same model before training. */
  untrained: number | null;
  value: number;
  /** What the literature reports for exactly this; null where nobody has. */
  published: number | null;
  /** Of the whole entry. */
  seconds: number;
}
