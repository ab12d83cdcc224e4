import { type ModelFiles, memoryFile } from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { loadAudioEncoder } from '@crossmodal/encoders-audio';
import { huggingFaceCase } from '@crossmodal/testkit';
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { loadEncoderDecoder } from '../../src/index.js';
import { whisperPrompt } from '../../src/pretrained/whisper-prompt.js';
import { useTestBackend } from '../backend.js';

useTestBackend();

const values = {
  decoder_start_token_id: 3,
  lang_to_id: { '<|en|>': 4, '<|de|>': 5 },
  task_to_id: { transcribe: 6, translate: 7 },
  no_timestamps_token_id: 8,
  suppress_tokens: [0, -1],
  begin_suppress_tokens: [1],
};

/** The tokens that may follow, when all of ten are alike but for their order. */
const allowed = (process: ReturnType<typeof whisperPrompt>['process'], generated: number): number[] => {
  const logits = Float32Array.from({ length: 10 }, (_, id) => -id);
  process(logits, [], generated);
  return [...logits.keys()].filter((id) => logits[id] === -id);
};

describe('whisperPrompt', () => {
  it('holds a fixed language, the task, and that there are no times', () => {
    const { prompt, open, process } = whisperPrompt(values, { language: 'de', task: 'translate' });
    expect(prompt).toEqual([3, 5, 7, 8]);
    expect(open).toEqual([]);
    // From the first token on: 0 is never said, 1 not as the first, and 9 is a time.
    expect(allowed(process, 0)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(allowed(process, 1)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('lets the model choose a language that is left open, and forces what follows', () => {
    const { prompt, open, process } = whisperPrompt(values, {});
    expect(prompt).toEqual([3]);
    expect(open).toEqual([[4, 5], [6], [8]]);
    expect([0, 1, 2].map((generated) => allowed(process, generated))).toEqual(open);
    expect(allowed(process, 3)).toEqual([2, 3, 4, 5, 6, 7, 8]);
    expect(allowed(process, 4)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('has neither language nor task for English alone', () => {
    const { lang_to_id: _, task_to_id: __, ...english } = values;
    expect(whisperPrompt(english, { language: 'en' })).toMatchObject({ prompt: [3, 8], open: [] });
    expect(() => whisperPrompt(english, { language: 'de' })).toThrow("knows English alone, got the language 'de'");
  });

  it('refuses a language that the model does not know, and a folder without a beginning', () => {
    expect(() => whisperPrompt(values, { language: 'fr' })).toThrow("language must be one of en, de, got 'fr'");
    expect(() => whisperPrompt({}, {})).toThrow('decoder_start_token_id must be');
  });
});

describe('Whisper for several languages', () => {
  const { folder } = huggingFaceCase('whisper');
  const multilingual = async (): Promise<ModelFiles> => {
    const label = 'generation_config.json';
    const json = JSON.stringify({ ...values, suppress_tokens: null, begin_suppress_tokens: null, eos_token_id: 2 });
    return new Map(await openFolder(folder)).set(label, memoryFile(json, { label }));
  };
  const load = async (options: { language?: string }) => {
    const files = await multilingual();
    // What the post-processor of Whisper's tokeniser adds to a text, 30 and 31.
    const tokenizer = { encode: () => [3, 4, 6, 8, 30, 31, 2], decode: () => '' };
    return loadEncoderDecoder(files, { encoder: await loadAudioEncoder(files), tokenizer, ...options });
  };

  it.each([['en'], [undefined]])(
    'takes what begins a sequence for no part of a text: language %s',
    async (language) => {
      const model = await load(language ? { language } : {});
      expect(model.tokenizer.encode('text')).toEqual([30, 31]);
      const { ids, mask } = model.prepareTargets(['text']);
      expect([...ids.dataSync()].slice(0, 3)).toEqual([30, 31, 2]);
      tf.dispose([ids, mask]);
      model.dispose();
    },
  );

  it('learns only in a language that is known', async () => {
    const features = tf.zeros([1, 48, 16]);
    for (const language of ['en', undefined]) {
      const model = await load(language ? { language } : {});
      const targets = model.prepareTargets(['text']);
      const loss = () => tf.tidy(() => model.loss({ inputs: { features }, targets }).loss.arraySync());
      if (language) expect(loss()).toBeGreaterThan(0);
      else expect(loss).toThrow(/language of the texts must be known.*pass \{ language \}/s);
      tf.dispose(targets);
      model.dispose();
    }
    features.dispose();
  });
});
