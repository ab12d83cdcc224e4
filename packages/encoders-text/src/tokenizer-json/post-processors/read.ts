import type { Fields } from '../fields.js';
import { bertOrRoberta } from './bert-and-roberta.js';
import type { PostProcessor } from './post-processor.js';
import { templateProcessing } from './template.js';

/** What only moves offsets, which are not given, and what is done where there is nothing to do. */
export const noProcessing: PostProcessor = { added: () => 0, process: (parts) => [...parts] };

const kinds: Record<string, (fields: Fields) => PostProcessor> = {
  BertProcessing: bertOrRoberta,
  ByteLevel: () => noProcessing,
  RobertaProcessing: bertOrRoberta,
  Sequence: (fields) => {
    const parts = fields.children('processors').map(readPostProcessor);
    return {
      added: (pair) => parts.reduce((sum, part) => sum + part.added(pair), 0),
      process: (texts, specialTokens) =>
        parts.reduce((result, part) => part.process(result, specialTokens), [...texts]),
    };
  },
  TemplateProcessing: templateProcessing,
};

/** The post-processor of a tokenizer.json. @throws CrossmodalError naming an unknown type or a wrong field */
export function readPostProcessor(fields: Fields): PostProcessor {
  return fields.choose(kinds);
}
