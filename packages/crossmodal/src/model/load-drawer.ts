import {
  CrossmodalError,
  type Encoder,
  type EncoderLoaders,
  type ModelFiles,
  Random,
  readConfig,
} from '@crossmodal/core';
import { openFolder } from '@crossmodal/core/models';
import { loadAudioEncoder } from '@crossmodal/encoders-audio';
import { loadTextEncoder } from '@crossmodal/encoders-text';
import { loadImageEncoder } from '@crossmodal/encoders-vision';
import { loadConditionalGan } from '@crossmodal/gan';
import { loadMultimodalVae } from '@crossmodal/vae';
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { loadModel } from './load-model.js';
import { isDualEncoder, modelType, otherModel } from './model-type.js';

/** What draws pictures for words. */
export interface Drawer {
  /** [count, height, width, channels], values in [0, 1] as far as the model keeps to them. */
  draw(words: string, options: { count: number; seed: number }): Promise<Tensor4D>;
  dispose(): void;
}

const where = 'generate';

/** The model of a folder that draws. @throws CrossmodalError when it holds none, or does not take words */
export async function loadDrawer(
  files: ModelFiles,
  { folder, textModel }: { folder: string; textModel?: string },
): Promise<Drawer> {
  const type = await modelType(files, { where });
  if (type !== 'conditionalGan' && type !== 'multimodalVae')
    throw otherModel(where, { folder, type, takes: 'a model that draws pictures (conditionalGan, multimodalVae)' });
  const { options } = (await readConfig(files, 'config.json', { where })) as { options: Record<string, unknown> };
  const parts = partLoaders();
  const drawer =
    type === 'conditionalGan'
      ? await ofGan(files, options, parts, { folder, textModel })
      : await ofVae(files, options, parts, folder);
  return {
    draw: drawer.draw,
    dispose() {
      drawer.dispose();
      parts.dispose();
    },
  };
}

/** Loaders of the encoders inside, which remember the one of texts. */
function partLoaders() {
  const loaded: Encoder<never>[] = [];
  const remember =
    <E extends Encoder<never>>(load: (files: ModelFiles) => Promise<E>) =>
    async (files: ModelFiles): Promise<Encoder<never>> => {
      const encoder = await load(files);
      loaded.push(encoder);
      return encoder;
    };
  const encoders: EncoderLoaders = {
    text: remember((files) => loadTextEncoder(files)),
    image: remember((files) => loadImageEncoder(files)),
    audio: remember((files) => loadAudioEncoder(files)),
  };
  return {
    encoders,
    text: () => loaded.find(({ modality }) => modality === 'text') as unknown as Encoder<string> | undefined,
    dispose() {
      for (const encoder of loaded) encoder.dispose();
    },
  };
}

type Parts = ReturnType<typeof partLoaders>;

/** Words become a condition by the encoder that was trained along, or by the model whose vectors it was trained on. */
async function ofGan(
  files: ModelFiles,
  options: Record<string, unknown>,
  { encoders, text }: Parts,
  { folder, textModel }: { folder: string; textModel: string | undefined },
): Promise<Drawer> {
  const gan = await loadConditionalGan(files, { encoders });
  const own = text();
  if (own && textModel !== undefined) {
    throw new CrossmodalError(`${where}: --text-model must be left out, ${folder} has its own encoder of words`);
  }
  if (!own && textModel === undefined) {
    throw new CrossmodalError(`${where}: ${folder} draws for vectors, and has no encoder of words`, {
      remedy: 'name the model whose vectors it was trained on with --text-model DIR',
    });
  }
  const words = own ? undefined : await vectorsOf(textModel as string, Number(options['conditionDimension']));
  const [low, high] = (options['range'] as [number, number] | undefined) ?? [-1, 1]; // without one, the generator's own
  return {
    async draw(asked, { count, seed }) {
      const condition = own ? await own.prepare([asked]) : await (words as Vectors).of(asked);
      try {
        return tf.tidy(() => {
          const row = own ? own.encode(condition as never) : (condition as Tensor2D);
          const drawn = gan.generate(tf.tile(row, [count, 1]), { random: new Random(seed).fork(where) });
          return requirePictures(tf.div(tf.sub(drawn, low), high - low), folder);
        });
      } finally {
        tf.dispose(condition);
      }
    },
    dispose() {
      gan.dispose();
      words?.dispose();
    },
  };
}

interface Vectors {
  of(words: string): Promise<Tensor2D>;
  dispose(): void;
}

/** Vectors of words by a dual encoder or a text encoder. */
async function vectorsOf(folder: string, dimension: number): Promise<Vectors> {
  const files = await openFolder(folder);
  const type = await modelType(files, { where });
  const pair = isDualEncoder(type) ? await loadModel(folder) : undefined;
  const single = pair ? undefined : await loadTextEncoder(files);
  const model = (pair ?? single) as { dimension: number; dispose(): void };
  if (model.dimension !== dimension) {
    model.dispose();
    throw new CrossmodalError(
      `${where}: the vectors of ${folder} must have the length ${dimension}, they have ${model.dimension}`,
      {
        remedy: 'name the model whose vectors the generator was trained on',
      },
    );
  }
  return {
    async of(words) {
      if (pair) return (await pair.embedItems('text', [words])) as Tensor2D;
      const encoder = single as NonNullable<typeof single>;
      const inputs = await encoder.prepare([words]);
      try {
        return tf.tidy(() => encoder.encode(inputs));
      } finally {
        tf.dispose(inputs);
      }
    },
    dispose: () => model.dispose(),
  };
}

/** The latent of the words, then the expected picture: drawn latents where there are several, the mean for one. */
async function ofVae(
  files: ModelFiles,
  options: Record<string, unknown>,
  { encoders, text }: Parts,
  folder: string,
): Promise<Drawer> {
  const model = await loadMultimodalVae(files, { encoders });
  const modalities = options['modalities'] as Record<string, { encoder?: { $encoder?: string } }>;
  const from = Object.keys(modalities).find((name) => modalities[name]?.encoder?.$encoder === 'text');
  const encoder = text();
  if (from === undefined || !encoder) {
    throw new CrossmodalError(
      `${where}: ${folder} has no encoder of words among ${Object.keys(modalities).join(', ')}`,
    );
  }
  const samples = model.sample(1, { random: new Random(0) });
  const to = Object.keys(samples).find((name) => name !== from && isPicture(samples[name] as Tensor));
  tf.dispose(samples);
  if (to === undefined)
    throw new CrossmodalError(`${where}: ${folder} has no modality of pictures, [height, width, 1 or 3]`);
  return {
    async draw(words, { count, seed }) {
      const inputs = await encoder.prepare(new Array<string>(count).fill(words));
      try {
        return tf.tidy(() => {
          const observation = { inputs, target: tf.zeros([count, 1]) }; // only what explains words would look at it
          const random = count > 1 ? { random: new Random(seed).fork(where) } : {};
          return requirePictures(model.generate({ [from]: observation }, { to, ...random }), folder);
        });
      } finally {
        tf.dispose(inputs);
      }
    },
    dispose: () => model.dispose(),
  };
}

function isPicture({ shape }: Tensor): boolean {
  return shape.length === 4 && (shape[3] === 1 || shape[3] === 3);
}

function requirePictures(drawn: Tensor, folder: string): Tensor4D {
  if (isPicture(drawn)) return drawn as Tensor4D;
  throw new CrossmodalError(
    `${where}: ${folder} must draw pictures [height, width, 1 or 3], it gives [${drawn.shape.slice(1)}]`,
  );
}
