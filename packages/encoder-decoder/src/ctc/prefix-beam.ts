import { logProbabilities } from '../generation/log-probabilities.js';

/** Labels, and the log-probability of those of their alignments that were followed: by a beam, or the best one alone. */
export interface CtcHypothesis {
  labels: number[];
  score: number;
}

/** A prefix, by the log-probabilities of its alignments that end with a blank and with its last label. */
interface Prefix {
  labels: readonly number[];
  blankEnd: number;
  labelEnd: number;
}

/**
 * The labels with the most probable alignments together, by a search over prefixes: those of equal labels are added up, and the `width`
 * most probable ones are followed. With a width of all prefixes it is exact.
 *
 * @see Hannun et al. (2014), "First-pass large vocabulary continuous speech recognition using bi-directional recurrent DNNs", algorithm 1;
 *   Graves (2012)
 */
export function prefixBeam(
  logits: Float32Array,
  { classes, blank, width }: { classes: number; blank: number; width: number },
): CtcHypothesis[] {
  let beams: Prefix[] = [{ labels: [], blankEnd: 0, labelEnd: Number.NEGATIVE_INFINITY }];
  for (let t = 0; (t + 1) * classes <= logits.length; t++) {
    const row = logProbabilities(logits.subarray(t * classes, (t + 1) * classes));
    const next = new Map<string, Prefix>();
    const at = (labels: readonly number[]): Prefix => {
      const key = labels.join(' ');
      const prefix = next.get(key) ?? {
        labels,
        blankEnd: Number.NEGATIVE_INFINITY,
        labelEnd: Number.NEGATIVE_INFINITY,
      };
      next.set(key, prefix);
      return prefix;
    };
    for (const { labels, blankEnd, labelEnd } of beams) {
      const both = logAdd(blankEnd, labelEnd);
      const last = labels.at(-1);
      const same = at(labels);
      same.blankEnd = logAdd(same.blankEnd, both + row[blank]!);
      if (last !== undefined) same.labelEnd = logAdd(same.labelEnd, labelEnd + row[last]!);
      for (let label = 0; label < classes; label++) {
        if (label === blank) continue;
        const longer = at([...labels, label]);
        // The same label again is a new one only behind a blank.
        longer.labelEnd = logAdd(longer.labelEnd, (label === last ? blankEnd : both) + row[label]!);
      }
    }
    beams = [...next.values()].sort((a, b) => scoreOf(b) - scoreOf(a)).slice(0, width);
  }
  return beams.map((prefix) => ({ labels: [...prefix.labels], score: scoreOf(prefix) }));
}

const scoreOf = ({ blankEnd, labelEnd }: Prefix): number => logAdd(blankEnd, labelEnd);

/** log(exp(a) + exp(b)) */
function logAdd(a: number, b: number): number {
  const largest = Math.max(a, b);
  return largest === Number.NEGATIVE_INFINITY ? largest : largest + Math.log1p(Math.exp(-Math.abs(a - b)));
}
