import { assertKnownOptions, requireInteger } from '@crossmodal/core';
import { bestPath, requireFrames } from './greedy.js';
import { type CtcHypothesis, prefixBeam } from './prefix-beam.js';

export interface CtcDecodeOptions {
  classes: number;
  /**
   * The class that stands for no symbol.
   * @default 0
   */
  blank?: number;
}

/**
 * The labels of the most probable alignment: the most probable class of each frame, equal neighbours merged, blanks left out.
 *
 * @param logits of the real frames of one recording, [frames * classes], before or after a log softmax
 * @throws CrossmodalError when the logits are no frames of so many classes, or the blank is none of them
 * @see Graves et al. (2006), section 3.2, best path decoding
 * @example
 * const labels = ctcGreedy(Float32Array.of(0, 5, 5, 0), { classes: 2 }); // [1]
 */
export function ctcGreedy(logits: Float32Array, options: CtcDecodeOptions): number[] {
  assertKnownOptions('ctcGreedy', options, { classes: true, blank: true } satisfies Record<
    keyof CtcDecodeOptions,
    true
  >);
  const { classes, blank = 0 } = options;
  requireFrames('ctcGreedy', logits, classes, blank);
  return bestPath(logits, { classes, blank }).labels;
}

export interface CtcBeamOptions extends CtcDecodeOptions {
  /**
   * How many prefixes are followed at a time.
   * @default 16
   */
  width?: number;
}

/**
 * The labels that are most probable over all their alignments, by a search over prefixes, best first.
 *
 * @param logits of the real frames of one recording, [frames * classes]
 * @throws CrossmodalError when the logits are no frames of so many classes, or an option is out of range
 * @see Hannun et al. (2014), algorithm 1; Graves et al. (2006), section 3.2, prefix search
 * @example
 * const [best] = ctcBeam(Float32Array.of(0, 5, 5, 0), { classes: 2, width: 8 });
 */
export function ctcBeam(logits: Float32Array, options: CtcBeamOptions): CtcHypothesis[] {
  assertKnownOptions('ctcBeam', options, {
    classes: true,
    blank: true,
    width: true,
  } satisfies Record<keyof CtcBeamOptions, true>);
  const { classes, blank = 0, width = 16 } = options;
  requireFrames('ctcBeam', logits, classes, blank);
  requireInteger('ctcBeam: width', width);
  return prefixBeam(logits, { classes, blank, width });
}
