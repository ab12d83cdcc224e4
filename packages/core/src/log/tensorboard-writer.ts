import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { notWritten } from '../checkpoint/atomic-write.js';
import { assertKnownOptions } from '../known-options.js';
import {
  histogramEvent,
  imageEvent,
  record,
  restartEvent,
  scalarEvent,
  textEvent,
  versionEvent,
} from './tensorboard-events.js';

export interface EventOptions {
  /** Seconds since 1970; now unless given. */
  wallTime?: number;
}

/** Writes a TensorBoard event file; each call reaches the file at once. */
export interface TensorBoardWriter {
  readonly path: string;
  scalar(tag: string, value: number, step: number, options?: EventOptions): void;
  /** Shown as Markdown. */
  text(tag: string, text: string, step: number, options?: EventOptions): void;
  /** An encoded picture (PNG, JPEG). */
  image(
    tag: string,
    picture: { width: number; height: number; bytes: Uint8Array; channels?: number },
    step: number,
    options?: EventOptions,
  ): void;
  histogram(tag: string, values: ArrayLike<number>, step: number, options?: EventOptions): void;
  close(): void;
}

/**
 * Opens an event file in a folder that `tensorboard --logdir` watches.
 *
 * @param options.resumedAt the step at which a run goes on; TensorBoard then drops what a former process wrote from there on
 * @throws CrossmodalError when the folder cannot be made
 * @example
 * const board = tensorBoardWriter('runs/first');
 * board.scalar('train/loss', 0.5, 1);
 * board.close();
 */
export function tensorBoardWriter(
  folder: string,
  { resumedAt, ...others }: { resumedAt?: number } = {},
): TensorBoardWriter {
  assertKnownOptions('tensorBoardWriter', others, ['resumedAt']);
  const now = () => Date.now() / 1000;
  let path: string;
  let file: number;
  try {
    mkdirSync(folder, { recursive: true });
    // TensorBoard reads the files of a folder in the order of their names.
    const stamp = `${Math.floor(now())}.${hostname()}.${process.pid}.${Math.floor(performance.now() * 1000)}`;
    path = join(folder, `events.out.tfevents.${stamp}`);
    file = openSync(path, 'ax');
  } catch (error) {
    throw notWritten(`tensorBoardWriter: ${folder}`, error);
  }
  const write = (event: Buffer) => {
    try {
      writeSync(file, record(event));
    } catch (error) {
      throw notWritten(`tensorBoardWriter: ${path}`, error);
    }
  };
  const at = (options: EventOptions = {}): number => {
    assertKnownOptions('tensorBoardWriter', options, ['wallTime']);
    return options.wallTime ?? now();
  };
  write(versionEvent(now()));
  if (resumedAt !== undefined) write(restartEvent({ step: resumedAt, wallTime: now() }));
  return {
    path,
    scalar(tag, value, step, options) {
      write(scalarEvent({ step, wallTime: at(options) }, tag, value));
    },
    text(tag, text, step, options) {
      write(textEvent({ step, wallTime: at(options) }, tag, text));
    },
    image(tag, picture, step, options) {
      write(imageEvent({ step, wallTime: at(options) }, tag, picture));
    },
    histogram(tag, values, step, options) {
      write(histogramEvent({ step, wallTime: at(options) }, tag, values));
    },
    close: () => closeSync(file),
  };
}
