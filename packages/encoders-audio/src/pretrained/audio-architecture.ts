import type { Inputs } from '@crossmodal/core';
import type { Architecture, Config } from '@crossmodal/core/blocks';

/** A family of audio models. */
export interface AudioArchitecture extends Architecture {
  /** How sound becomes its inputs, from preprocessor_config.json, which may be empty. */
  preparation(settings: Config): AudioPreparation;
  /** The config.json of what is saved, where only a part of the model was loaded. */
  readonly written?: Readonly<Record<string, unknown>>;
}

/** From samples to inputs. */
export interface AudioPreparation {
  /** Samples per second, in hertz. */
  readonly sampleRate: number;
  /** Clips of that rate to tensors. */
  inputs(clips: readonly Float32Array[]): Inputs;
}
