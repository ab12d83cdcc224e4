import type { TrainRecord } from '../records.js';

/** Something to be said of a run, once, when its numbers call for it. */
export interface TrainingNote {
  /**
   * Takes a record in; the remark when it is time for it, with what to try.
   * @param rows rows of the batch, where it has some
   */
  observe(record: TrainRecord, rows: number | undefined): string | undefined;
}

/**
 * A note on terms that stay dead: said once, when a term has been so for `patience` records in a row.
 *
 * @param options.from records before this step do not count
 */
export function persistentNote({
  patience,
  from = 0,
  dead,
  text,
}: {
  patience: number;
  from?: number;
  /** Whether the value of a term shows it; undefined for terms that the note is not about. */
  dead: (name: string, record: TrainRecord, rows: number | undefined) => boolean | undefined;
  text: (name: string, record: TrainRecord, rows: number | undefined) => string;
}): TrainingNote {
  const counts = new Map<string, number>();
  let said = false;
  return {
    observe(record, rows) {
      if (said || record.step <= from) return undefined;
      for (const name of Object.keys(record.metrics)) {
        const verdict = dead(name, record, rows);
        if (verdict === undefined) continue;
        const count = verdict ? (counts.get(name) ?? 0) + 1 : 0;
        counts.set(name, count);
        if (count < patience) continue;
        said = true;
        return text(name, record, rows);
      }
      return undefined;
    },
  };
}

/** True for a term of that name, alone, as part of an objective or of a modality: `spread`, `generator/spread`, `spread/image`. */
export function isTerm(name: string, term: string): boolean {
  return name.split('/').includes(term);
}
