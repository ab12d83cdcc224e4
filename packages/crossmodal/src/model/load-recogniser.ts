import { CrossmodalError, type Encoder, type ModelFiles, readConfig, readJson } from '@crossmodal/core';
import { beam, ctcBeam, ctcGreedy, loadCtcRecogniser } from '@crossmodal/encoder-decoder';
import { type AudioItem, loadAudioEncoder, loadWaveform, type Waveform } from '@crossmodal/encoders-audio';
import { openTokenizer } from '@crossmodal/encoders-text';
import * as tf from '@tensorflow/tfjs-core';
import { loadInnerEncoder, loadSequenceModel } from './load-sequence-model.js';
import { modelType, otherModel } from './model-type.js';
import { symbolsOf } from './symbols.js';

/** What writes down recordings. */
export interface Recogniser {
  textOf(recording: Waveform): Promise<{ text: string; note?: string }>;
  dispose(): void;
}

export interface RecogniserOptions {
  folder: string;
  /** Texts that are followed at a time. */
  beam: number;
  language?: string;
  translate: boolean;
}

const where = 'transcribe';

/** The recogniser of a folder. @throws CrossmodalError when it holds none */
export async function loadRecogniser(files: ModelFiles, options: RecogniserOptions): Promise<Recogniser> {
  const { folder, language, translate } = options;
  const type = await modelType(files, { where });
  if (type === 'whisper') return whisper(files, options);
  if (language !== undefined || translate) {
    throw new CrossmodalError(`${where}: --language and --translate are for Whisper, ${folder} is ${type}`);
  }
  if (type === 'encoderDecoder') return ofSequences(files, options);
  if (type === 'ctcRecogniser') return ofFrames(files, options);
  if (type === 'wav2vec2' || type === 'hubert') return ofSymbols(files, options);
  throw otherModel(where, { folder, type, takes: 'a model from recordings to text' });
}

/** Whisper hears half a minute; a longer recording is heard piece after piece. */
async function whisper(
  files: ModelFiles,
  { folder, beam: width, language, translate }: RecogniserOptions,
): Promise<Recogniser> {
  const task = translate ? ('translate' as const) : ('transcribe' as const);
  const model = await loadSequenceModel(files, {
    ...{ where, folder, modality: 'audio' as const, task },
    ...(language === undefined ? {} : { language }),
  });
  const settings = ((await readJson(files, 'preprocessor_config.json')) ?? {}) as Record<string, unknown>;
  const [sampleRate, seconds] = [settings['sampling_rate'] ?? 16_000, settings['chunk_length'] ?? 30].map(Number); // Whisper's
  return {
    async textOf(recording) {
      const { samples } = await loadWaveform(recording, { sampleRate: sampleRate as number });
      const length = (sampleRate as number) * (seconds as number);
      const texts: string[] = [];
      for (let from = 0; from < samples.length; from += length) {
        const piece = { samples: samples.slice(from, from + length), sampleRate: sampleRate as number };
        const [text = ''] = await model.generateItems([piece], { strategy: beam({ width }) });
        texts.push(text.trim());
      }
      return { text: texts.filter((text) => text !== '').join(' ') };
    },
    dispose: () => model.dispose(),
  };
}

async function ofSequences(files: ModelFiles, { folder, beam: width }: RecogniserOptions): Promise<Recogniser> {
  const model = await loadSequenceModel(files, { where, folder, modality: 'audio' });
  return {
    async textOf(recording) {
      const [text = ''] = await model.generateItems([recording], { strategy: beam({ width }) });
      return { text, ...cutNote(model.encoder, recording) };
    },
    dispose: () => model.dispose(),
  };
}

async function ofFrames(files: ModelFiles, { folder, beam: beamWidth }: RecogniserOptions): Promise<Recogniser> {
  const tokenizer = await openTokenizer(files);
  const encoder = await loadInnerEncoder(files, { where, folder, modality: 'audio' });
  const model = await loadCtcRecogniser(files, { encoder, tokenizer: tokenizer as never });
  return {
    async textOf(recording) {
      const inputs = await encoder.prepare([recording]);
      try {
        const [hypotheses] = await model.transcribe(inputs, { beamWidth });
        return { text: hypotheses?.[0]?.text ?? '', ...cutNote(encoder, recording) };
      } finally {
        tf.dispose(inputs);
      }
    },
    dispose: () => model.dispose(),
  };
}

/** wav2vec 2.0 and HuBERT with a head of symbols per frame. */
async function ofSymbols(files: ModelFiles, { folder, beam: width }: RecogniserOptions): Promise<Recogniser> {
  const symbols = await symbolsOf(files, { where, config: await readConfig(files, 'config.json', { where }) });
  const encoder = await loadAudioEncoder(files);
  const { logits: head } = encoder;
  if (!head) {
    encoder.dispose();
    throw new CrossmodalError(`${where}: ${folder} must have a head of symbols (lm_head), it has none`, {
      remedy: 'take a folder that was trained to write: with ForCTC among its architectures',
    });
  }
  return {
    async textOf(recording) {
      const inputs = await encoder.prepare([recording]);
      const logits = tf.tidy(() => head(inputs));
      try {
        const classes = logits.shape.at(-1) as number;
        const values = (await logits.data()) as Float32Array;
        const shape = { classes, blank: symbols.blank };
        const labels = width === 1 ? ctcGreedy(values, shape) : (ctcBeam(values, { ...shape, width })[0]?.labels ?? []);
        return { text: symbols.textOf(labels) };
      } finally {
        tf.dispose([inputs, logits]);
      }
    },
    dispose: () => encoder.dispose(),
  };
}

/** What has to be said of a recording that is longer than what the encoder hears. */
function cutNote(encoder: Encoder<AudioItem>, { samples, sampleRate }: Waveform): { note?: string } {
  const limit = encoder.preprocessing?.facts['seconds'];
  const seconds = samples.length / sampleRate;
  if (typeof limit !== 'number' || seconds <= limit + 1e-6) return {};
  return { note: `it lasts ${seconds.toFixed(1)} s, of which the model hears the middle ${limit} s` };
}
