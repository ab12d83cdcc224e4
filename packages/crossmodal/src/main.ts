import { runCommandLine } from './cli/command-line.js';

// The process that started this one holds the other end; when it is gone, nobody could stop a server any more.
process.channel?.unref();
process.on('disconnect', () => process.exit(1));

process.exitCode = await runCommandLine(process.argv.slice(2));
