import { CrossmodalError } from '@crossmodal/core';
import type { Config } from '@crossmodal/core/blocks';
import { bert, mpnet, roberta } from './families/bert.js';
import { clapText } from './families/clap.js';
import { clipText, siglipText } from './families/clip.js';
import { distilbert } from './families/distilbert.js';
import { gpt2 } from './families/gpt2.js';
import { modernbert } from './families/modernbert.js';
import type { TextArchitecture } from './text-architecture.js';

/** By `model_type` of config.json. */
const families: Readonly<Record<string, (config: Config) => TextArchitecture>> = {
  bert,
  camembert: roberta,
  clap: clapText,
  clap_text_model: clapText,
  clip: clipText,
  clip_text_model: clipText,
  distilbert,
  gpt2,
  modernbert,
  mpnet,
  roberta,
  siglip: siglipText,
  siglip_text_model: siglipText,
  'xlm-roberta': roberta,
};

/** @throws CrossmodalError that names the families there are, when it is another */
export function textArchitecture(where: string, config: Config): TextArchitecture {
  const type = config.text('model_type', '');
  if (!Object.hasOwn(families, type)) {
    throw new CrossmodalError(
      `${where}: ${config.label}: model_type must be one of ${Object.keys(families).join(', ')}, got ${type === '' ? 'none' : `'${type}'`}`,
      { remedy: 'load images and sounds with loadImageEncoder and loadAudioEncoder' },
    );
  }
  return families[type]!(config);
}
