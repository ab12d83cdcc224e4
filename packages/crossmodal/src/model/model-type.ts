import { CrossmodalError, isSavedModel, type ModelFiles, readConfig } from '@crossmodal/core';

/** Which command the models of a type are for: our types, and model_type of Hugging Face's folders. */
const commands: Readonly<Record<string, string>> = {
  dualEncoder: 'index',
  clip: 'index',
  siglip: 'index',
  clap: 'index',
  encoderDecoder: 'caption for pictures, crossmodal transcribe for recordings',
  'vision-encoder-decoder': 'caption',
  whisper: 'transcribe',
  ctcRecogniser: 'transcribe',
  wav2vec2: 'transcribe',
  hubert: 'transcribe',
  conditionalGan: 'generate',
  multimodalVae: 'generate',
};

/** The type of a model, as its config.json says it. @throws CrossmodalError when there is none that can be read */
export async function modelType(files: ModelFiles, { where }: { where: string }): Promise<string> {
  const config = await readConfig(files, 'config.json', { where });
  return String((isSavedModel(config) ? config['type'] : config['model_type']) ?? 'of no type');
}

/** What is said of a folder that another command is for. */
export function otherModel(
  where: string,
  { folder, type, takes }: { folder: string; type: string; takes: string },
): CrossmodalError {
  const command = Object.hasOwn(commands, type) ? commands[type] : undefined;
  return new CrossmodalError(`${where}: ${folder} must be ${takes}, it is ${type}`, {
    remedy: command === undefined ? `crossmodal models ${folder} says what it holds` : `use crossmodal ${command}`,
  });
}

/** Whether models of a type are dual encoders, which search. */
export function isDualEncoder(type: string): boolean {
  return Object.hasOwn(commands, type) && commands[type] === 'index';
}

/** Whether another command than those that search is for a model of this type. */
export function isForOtherCommand(type: string): boolean {
  return Object.hasOwn(commands, type) && commands[type] !== 'index';
}
