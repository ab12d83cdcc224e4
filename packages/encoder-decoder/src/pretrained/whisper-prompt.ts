import { CrossmodalError } from '@crossmodal/core';
import { forbid } from '../generation/no-repeat-n-gram.js';
import { tokenList } from './generation-config.js';

export interface WhisperTask {
  /** A code such as `en`, of models for several languages; the model finds it out unless given, and `loss` needs it. */
  language?: string | undefined;
  /** `translate` gives English. */
  task?: 'transcribe' | 'translate' | undefined;
}

/** What Whisper's sequences begin with, and which tokens are forbidden when. */
export interface WhisperPrompt {
  prompt: number[];
  /** Tokens of the beginning that are still to be chosen, at each place; none where the prompt holds them all. */
  open: readonly (readonly number[])[];
  process(logits: Float32Array, sequence: readonly number[], generated: number): void;
}

/**
 * The beginning <|startoftranscript|> <|language|> <|task|> <|notimestamps|>; a language that is not given is chosen by the model among
 * all of them, as the first token. Models for English alone have neither language nor task.
 *
 * @throws CrossmodalError when the model does not know the language, or is for English alone
 * @see Radford et al. (2022), section 2.3
 */
export function whisperPrompt(
  values: Readonly<Record<string, unknown>>,
  { language, task = 'transcribe' }: WhisperTask,
): WhisperPrompt {
  const start = values['decoder_start_token_id'];
  if (!Number.isSafeInteger(start)) {
    throw new CrossmodalError(
      `config.json: decoder_start_token_id must be a token's number, got ${JSON.stringify(start)}`,
    );
  }
  const languages = values['lang_to_id'] as Record<string, number> | undefined;
  const tasks = values['task_to_id'] as Record<string, number> | undefined;
  const withoutTimes = values['no_timestamps_token_id'] as number | undefined;
  const forced: number[][] = [];
  if (languages && tasks) {
    const id = language === undefined ? undefined : languages[`<|${language}|>`];
    if (language !== undefined && id === undefined) {
      const codes = Object.keys(languages).map((token) => token.slice(2, -2));
      throw new CrossmodalError(`loadEncoderDecoder: language must be one of ${codes.join(', ')}, got '${language}'`);
    }
    forced.push(id === undefined ? Object.values(languages) : [id], [tasks[task]!]);
  } else if (language !== undefined && language !== 'en') {
    throw new CrossmodalError(`loadEncoderDecoder: this model knows English alone, got the language '${language}'`);
  }
  if (withoutTimes !== undefined) forced.push([withoutTimes]);
  // What is known goes into the prompt; from the first choice on it is forced.
  const known = forced.findIndex((ids) => ids.length > 1) < 0 ? forced.length : 0;
  const prompt = [start as number, ...forced.slice(0, known).map((ids) => ids[0]!)];
  const rest = forced.slice(known);
  const suppressed = tokenList(values, 'suppress_tokens').filter((id) => id >= 0);
  const suppressedFirst = tokenList(values, 'begin_suppress_tokens').filter((id) => id >= 0);
  return {
    prompt,
    open: rest,
    process(logits, _sequence, generated) {
      const allowed = rest[generated];
      if (allowed) {
        const scores = allowed.map((id) => logits[id]!);
        logits.fill(Number.NEGATIVE_INFINITY);
        for (const [i, id] of allowed.entries()) logits[id] = scores[i]!;
        return;
      }
      forbid(logits, suppressed);
      if (generated === rest.length) forbid(logits, suppressedFirst);
      if (withoutTimes !== undefined) logits.fill(Number.NEGATIVE_INFINITY, withoutTimes + 1);
    },
  };
}
