import type { Command } from 'commander';
import { cacheFolder } from '../paths.js';
import type { Terminal } from './terminal.js';

interface PerfCommandOptions {
  rows?: string[];
  engines?: string[];
  python: string;
  rounds: number;
  json?: string;
  scale?: boolean;
  most: number;
  report: string;
}

/** `bench perf`: how fast the training steps are. Loaded only when asked for. */
export function addPerfCommand(program: Command, terminal: Terminal): void {
  const list = (text: string) => text.split(',').filter((part) => part !== '');
  program
    .command('perf')
    .description('time a training step of each model per engine, against PyTorch where it is found')
    .option(
      '--rows <letters>',
      'rows of the table, such as a,f; shapes: small networks that nothing was tuned on; large: networks of usual size, and inference; pretrained: folders of Hugging Face, loaded and fine-tuned',
      list,
    )
    .option('--engines <names>', 'onnx, torch, tfjs-node, wasm, tfjs-cpu', list)
    .option('--python <path>', 'a python3 with torch', 'python3')
    .option('--rounds <n>', 'interleaved rounds', Number, 5)
    .option('--json <file>', 'also write the numbers here')
    .option('--scale', 'instead: exact search over 1,000 to 1,000,000 rows, beside numpy and FAISS of --python')
    .option('--most <rows>', 'with --scale: rows at most', Number, 1_000_000)
    .option('--report <file>', 'with --scale: page with the plots', 'perf-scale.html')
    .action(async (options: PerfCommandOptions) => {
      const { python, most, report } = options;
      if (options.scale) {
        const { scale } = await import('../perf/scale.js');
        return scale({ python, most, report, write: (line) => terminal.out(line) });
      }
      const { perf } = await import('../perf/perf.js');
      const { rows, rounds, json } = options;
      const chosen = { ...(rows ? { rows } : {}), ...(json === undefined ? {} : { json }) };
      const cache = cacheFolder(undefined, process.env);
      const write = (line: string) => terminal.out(line);
      await perf({ ...chosen, rounds, python, engines: options.engines as never, cacheFolder: cache, write });
    });
}
