import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random } from '@crossmodal/core';
import { saveFolder } from '@crossmodal/core/models';
import { huggingFaceCase } from '@crossmodal/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audioTransformerEncoder, loadAudioEncoder, spectrogramEncoder, waveformEncoder } from '../src/index.js';
import { useTestBackend } from './backend.js';

useTestBackend('cpu');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossmodal-audio-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const samples = new Float32Array(8000);
new Random(1).fillNormal(samples);
const items = [{ samples: samples.map((v) => v / 10), sampleRate: 16000 }];

describe('own encoders', () => {
  const options = { sampleRate: 16000, seconds: 0.5, dimension: 4, seed: 1 };
  const made = {
    waveform: () => waveformEncoder({ ...options, channels: [4, 8] }),
    spectrogram: () => spectrogramEncoder({ ...options, channels: [4, 8] }),
    transformer: () => audioTransformerEncoder({ ...options, layers: 1, heads: 2 }),
  };
  it.each(Object.keys(made) as (keyof typeof made)[])('%s: saved and loaded, gives the same vectors', async (name) => {
    const encoder = made[name]();
    const path = join(folder, name);
    await saveFolder(path, encoder as Required<typeof encoder>);
    const again = await loadAudioEncoder(path);
    const vectors = encoder.encode(await encoder.prepare(items));
    expect(again.encode(await again.prepare(items))).toBeAllclose(vectors, { atol: 0, rtol: 0 });
  });
});

describe('folders in the layout of Hugging Face', () => {
  it.each(['ast', 'wav2vec2_ctc', 'wav2vec2_stable'])('%s: saved and loaded, gives the same vectors', async (name) => {
    const encoder = await loadAudioEncoder(huggingFaceCase(name).folder);
    const path = join(folder, `hf-${name}`);
    await saveFolder(path, encoder);
    const again = await loadAudioEncoder(path);
    const inputs = await encoder.prepare(items);
    expect(again.encode(await again.prepare(items))).toBeAllclose(encoder.encode(inputs), { atol: 0, rtol: 0 });
    expect(Object.keys(again.namedVariables())).toEqual(Object.keys(encoder.namedVariables()));
  });

  it('normalises and masks recordings as wav2vec 2.0 does', async () => {
    const encoder = await loadAudioEncoder(huggingFaceCase('wav2vec2_ctc').folder);
    const short = {
      samples: Float32Array.of(...Array.from({ length: 2000 }, (_, i) => 3 + Math.sin(i))),
      sampleRate: 16000,
    };
    const { waveform, mask } = await encoder.prepare([...items, short]);
    expect(waveform!.shape).toEqual([2, 8000]);
    const values = (waveform!.arraySync() as number[][])[1]!;
    const mean = values.slice(0, 2000).reduce((a, b) => a + b, 0) / 2000;
    expect(Math.abs(mean)).toBeLessThan(1e-5);
    expect(values.slice(2000).every((v) => v === 0)).toBe(true);
    expect((mask!.arraySync() as number[][])[1]!.reduce((a, b) => a + b, 0)).toBe(2000);
  });

  it('names another architecture', async () => {
    await expect(loadAudioEncoder(huggingFaceCase('vit').folder)).rejects.toThrow(
      /model_type must be one of audio-spectrogram-transformer, .* got 'vit'/,
    );
  });
});
