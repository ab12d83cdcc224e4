import { Random } from '@crossmodal/core';
import { type FsddRow, fsdd } from '@crossmodal/core/data/sets';
import { loadWaveform, type Waveform } from '@crossmodal/encoders-audio';

/** A recording of a digit in memory. */
export interface SpokenDigit {
  waveform: Waveform;
  digit: number;
  speaker: string;
  split: FsddRow['split'];
}

/** The Free Spoken Digit Dataset; `limit` recordings spread over it. */
export async function spokenDigits({
  dataFolder,
  limit,
}: {
  dataFolder: string | undefined;
  limit: number;
}): Promise<SpokenDigit[]> {
  const rows = new Random('spoken-digits').shuffle(await fsdd({ data: dataFolder })).slice(0, limit);
  return Promise.all(
    rows.map(async ({ audio, label, split, fields }) => ({
      waveform: await loadWaveform(audio),
      digit: Number(label),
      speaker: fields.speaker,
      split,
    })),
  );
}

/** White noise added at a signal-to-noise ratio in decibels: the power of the noise is that of the recording / 10^(ratio / 10). */
export function noisy({ samples, sampleRate }: Waveform, ratio: number, random: Random): Waveform {
  let power = 0;
  for (const value of samples) power += value ** 2 / samples.length;
  const deviation = Math.sqrt(power / 10 ** (ratio / 10));
  const noise = new Float32Array(samples.length);
  random.fillNormal(noise);
  return { samples: samples.map((value, i) => value + deviation * noise[i]!), sampleRate };
}
