import { createRequire } from 'node:module';
import { CrossmodalError } from '@crossmodal/core';

const require = createRequire(import.meta.url);

/**
 * Loads an optional package by name, when it is asked for. As CommonJS, so that packages that hand each other objects see one copy
 * of what they share.
 *
 * @throws CrossmodalError with the command that installs it
 */
export function loadPeer<Module>(where: string, name: string, install: string): Module {
  try {
    return require(name) as Module;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const missing = code === 'MODULE_NOT_FOUND' && message.split('\n')[0]!.includes(`'${name}'`);
    const problem = missing ? 'is not installed' : `is installed but does not load (${message.split('\n')[0]})`;
    throw new CrossmodalError(`${where}: ${name} ${problem}`, { remedy: install, cause });
  }
}
