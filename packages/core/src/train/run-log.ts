import { type JsonlWriter, jsonlWriter } from '../log/jsonl-writer.js';
import { type TensorBoardWriter, tensorBoardWriter } from '../log/tensorboard-writer.js';
import type { LogOptions } from './fit-options.js';
import type { MetricValues, TrainRecord } from './records.js';

/** Writes records to the files that were asked for. */
export class RunLog {
  readonly #jsonl: JsonlWriter | undefined;
  readonly #board: TensorBoardWriter | undefined;

  /** @param resumedAt the last step that counts, when a run goes on */
  constructor({ jsonl, tensorboard }: LogOptions, resumedAt: number | undefined) {
    const resumed = resumedAt !== undefined;
    if (jsonl !== undefined) this.#jsonl = jsonlWriter(jsonl, resumed ? { resumedAt } : {});
    if (tensorboard !== undefined) {
      this.#board = tensorBoardWriter(tensorboard, resumed ? { resumedAt: resumedAt + 1 } : {});
    }
  }

  train({ step, epoch, metrics }: TrainRecord, learningRates: MetricValues, seconds: number): void {
    this.#jsonl?.write({ step, epoch, seconds: Number(seconds.toFixed(3)), train: metrics, ...learningRates });
    for (const [name, value] of Object.entries(metrics)) this.#board?.scalar(`train/${name}`, value, step);
    for (const [name, value] of Object.entries(learningRates)) this.#board?.scalar(name, value, step);
  }

  validation({ step, epoch, metrics }: TrainRecord, seconds: number): void {
    this.#jsonl?.write({ step, epoch, seconds: Number(seconds.toFixed(3)), validation: metrics });
    for (const [name, value] of Object.entries(metrics)) this.#board?.scalar(`validation/${name}`, value, step);
  }

  close(): void {
    this.#jsonl?.close();
    this.#board?.close();
  }
}
