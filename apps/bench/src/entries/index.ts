import { CrossmodalError } from '@crossmodal/core';
import { alignment } from './alignment/index.js';
import { autoencoderEntry, photographAutoencoderEntry } from './autoencoder/index.js';
import { captionsEntry } from './captions/index.js';
import { ucmCaptionsEntry } from './captions/ucm.js';
import { coAttentionEntry, emojiCoAttentionEntry, sceneCoAttentionEntry } from './co-attention/index.js';
import { assistanceEntry } from './digits/assistance.js';
import { binarisedDigitsEntry } from './digits/binarised-digits.js';
import { conditionalDigitsEntry } from './digits/conditional-digits.js';
import { digitLikelihoodEntry } from './digits/digit-likelihood.js';
import { drawnDigitsEntry } from './digits/drawn-digits.js';
import { multimodalDigitsEntry } from './digits/multimodal-digits.js';
import { threeModalitiesEntry } from './digits/three-modalities.js';
import { digitAdaptationEntry } from './domain-adaptation/digits/index.js';
import { fewLabelsEntry } from './domain-adaptation/few-labels/index.js';
import { domainAdaptation } from './domain-adaptation/index.js';
import { adaptationStrengthEntry } from './domain-adaptation/strength/index.js';
import { embeddingGanEntry } from './embedding-gan/index.js';
import type { Entry } from './entry.js';
import { ganShapesEntry } from './gan-shapes/index.js';
import { hardVsSoft } from './hard-vs-soft/index.js';
import { pretrainedEntry } from './pretrained/index.js';
import { nlvrEntry, questionAnsweringEntry } from './question-answering/index.js';
import { semanticAlignmentEntry } from './semantic-alignment/index.js';
import { speech } from './speech/index.js';
import { speechAdaptationEntry } from './speech-adaptation/index.js';
import { speechToTextEntry } from './speech-to-text/index.js';
import { spokenNamesEntry } from './speech-to-text/names.js';
import { styleRetrievalEntry } from './style-retrieval/index.js';
import { stylesEntry } from './styles/index.js';
import { textToClipArtEntry, textToImage } from './text-to-image/index.js';
import { textToSpeechEntry } from './text-to-speech/index.js';
import { textToVideoEntry } from './text-to-video/index.js';
import { vaeEntry } from './vae.js';
import { vaeFactorsEntry } from './vae-factors.js';
import { videoEntry } from './video/index.js';
import { videoCaptionsEntry } from './video-captions/index.js';

/** Every entry, in the order in which they run. */
export const entries: readonly Entry[] = [
  alignment,
  hardVsSoft,
  speech,
  textToImage,
  captionsEntry,
  vaeEntry,
  domainAdaptation,
];

/** Entries that need data sets of their own (`--data`): they run when they are named. */
export const dataSetEntries: readonly Entry[] = [
  questionAnsweringEntry,
  nlvrEntry,
  coAttentionEntry,
  semanticAlignmentEntry,
  photographAutoencoderEntry,
  ucmCaptionsEntry,
  speechToTextEntry,
  textToSpeechEntry,
  videoEntry,
  videoCaptionsEntry,
  textToVideoEntry,
  assistanceEntry,
  binarisedDigitsEntry,
  digitLikelihoodEntry,
  conditionalDigitsEntry,
  drawnDigitsEntry,
  textToClipArtEntry,
  multimodalDigitsEntry,
  embeddingGanEntry,
  threeModalitiesEntry,
  digitAdaptationEntry,
  fewLabelsEntry,
  adaptationStrengthEntry,
  speechAdaptationEntry,
];

/** Entries that take longer than the others together: they run when they are named. */
export const longEntries: readonly Entry[] = [
  emojiCoAttentionEntry,
  sceneCoAttentionEntry,
  autoencoderEntry,
  spokenNamesEntry,
  styleRetrievalEntry,
  stylesEntry,
  vaeFactorsEntry,
  ganShapesEntry,
];

/** Entries that need models of others (`--models`): they run with the rest where these are there, and are named where not. */
export const modelEntries: readonly Entry[] = [pretrainedEntry];

/** @throws CrossmodalError when there is no such entry. */
export function findEntry(id: string): Entry {
  const all = [...entries, ...longEntries, ...dataSetEntries, ...modelEntries];
  const found = all.find((entry) => entry.id === id);
  if (found) return found;
  throw new CrossmodalError(`bench: unknown entry "${id}"; entries are ${all.map((entry) => entry.id).join(', ')}`);
}
