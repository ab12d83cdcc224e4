import { readFile } from 'node:fs/promises';
import { assertKnownOptions, CrossmodalError } from '@crossmodal/core';
import type { Command } from 'commander';

/**
 * Options of a command from a JSON file, by their long names (`{ "epochs": 40, "text": "caption" }`). What stands on the command line goes
 * before the file.
 *
 * @throws CrossmodalError when the file cannot be read, or names an option that the command does not have
 */
export async function applyConfigFile(command: Command, path: string): Promise<void> {
  let values: unknown;
  try {
    values = JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new CrossmodalError(
      `--config ${path}: ${code === 'ENOENT' ? 'does not exist' : (code ?? `is not JSON (${message})`)}`,
      { cause },
    );
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    throw new CrossmodalError(`--config ${path}: must hold an object of options`);
  }
  const options = command.options.filter((option) => option.long !== '--config');
  const named = new Map(options.map((option) => [(option.long ?? '').replace(/^--(no-)?/, ''), option]));
  assertKnownOptions(`--config ${path}`, values, [...named.keys()]);
  for (const [name, value] of Object.entries(values)) {
    const option = named.get(name);
    if (!option || command.getOptionValueSource(option.attributeName()) === 'cli') continue;
    if (!['string', 'number', 'boolean'].includes(typeof value)) {
      throw new CrossmodalError(
        `--config ${path}: ${name} must be a text, a number or true or false, got ${JSON.stringify(value)}`,
      );
    }
    const parsed = option.parseArg && typeof value !== 'boolean' ? option.parseArg(String(value), undefined) : value;
    command.setOptionValueWithSource(option.attributeName(), parsed, 'config');
  }
}
