import type { Command } from 'commander';
import type { Terminal } from './terminal.js';

/** `bench perf`: how fast the training steps are. Loaded only when asked for. */
export function addPerfCommand(program: Command, terminal: Terminal): void {
  const list = (text: string) => text.split(',').filter((part) => part !== '');
  program
    .command('perf')
    .description('time a training step of each model per engine, against PyTorch where it is found')
    .option(
      '--rows <letters>',
      'rows of the table, such as a,f; shapes: small networks that nothing was tuned on; large: networks of usual size, and inference',
      list,
    )
    .option('--engines <names>', 'onnx, torch, tfjs-node, wasm, tfjs-cpu', list)
    .option('--python <path>', 'a python3 with torch', 'python3')
    .option('--rounds <n>', 'interleaved rounds', Number, 5)
    .option('--json <file>', 'also write the numbers here')
    .action(async (options: { rows?: string[]; engines?: string[]; python: string; rounds: number; json?: string }) => {
      const { perf } = await import('../perf/perf.js');
      await perf({ ...options, engines: options.engines as never, write: (line) => terminal.out(line) });
    });
}
