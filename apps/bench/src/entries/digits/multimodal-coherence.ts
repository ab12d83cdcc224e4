import { Random } from '@crossmodal/core';
import { crossCoherence, jointCoherence, type MultimodalVae } from '@crossmodal/vae';
import type * as tf from '@tensorflow/tfjs-core';
import type { DigitJudge } from './digit-judge.js';
import { classesOf } from './picture-rows.js';

/** The two sides of a digit. */
export type Side = 'written' | 'spoken';

/** What is tested: written and spoken digits of the test, the judges of both, and classes by row. */
export interface Trial {
  written: tf.Tensor2D;
  spoken: tf.Tensor2D;
  labels: number[];
  judges: Record<Side, DigitJudge>;
}

/** Shares that are right, or agree. */
export interface Measured {
  toSpoken: number;
  toWritten: number;
  joint: number;
}

/** What is made of the other side of a test digit, and of both from one latent of the prior, judged. */
export async function coherences(
  model: MultimodalVae<Side>,
  { written, spoken, labels, judges }: Trial,
  seed: number,
): Promise<Measured> {
  const random = new Random(seed).fork('coherence');
  const judge = async (name: Side, make: () => tf.Tensor) => {
    const rows = make() as tf.Tensor2D;
    const classes = await classesOf(judges[name], rows);
    rows.dispose();
    return classes;
  };
  const toSpoken = await judge('spoken', () => model.generate({ written }, { to: 'spoken', random }));
  const toWritten = await judge('written', () => model.generate({ spoken }, { to: 'written', random }));
  const together = model.sample(labels.length, { random });
  const joint = {
    written: await judge('written', () => together.written),
    spoken: await judge('spoken', () => together.spoken),
  };
  return {
    toSpoken: crossCoherence(toSpoken, labels),
    toWritten: crossCoherence(toWritten, labels),
    joint: jointCoherence(joint),
  };
}
