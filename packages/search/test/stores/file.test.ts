import { temporaryFolder } from '../temporary.js';
import { conformance } from './conformance.js';
import { killWriter } from './kill.js';
import { openContender } from './open-contender.js';

const folder = temporaryFolder();
conformance('a store in a folder', {
  stays: true,
  open: (name, options) => openContender('file', folder, name, options),
  kill: (name, seed) => killWriter('file', folder, name, seed),
});
