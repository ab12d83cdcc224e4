export { exitCodes, runCommandLine } from './cli/command-line.js';
export type { Bar, Terminal } from './cli/terminal.js';
