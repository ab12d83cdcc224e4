import { memoryStore } from '../../src/index.js';
import { conformance } from './conformance.js';

conformance('a store in memory', { stays: false, open: async (_, options) => memoryStore(options) });

conformance('a store in memory without threads', {
  stays: false,
  rows: 20_000,
  open: async (_, options) => memoryStore({ ...options, threads: 0 }),
});
