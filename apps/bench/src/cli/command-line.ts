import { basename } from 'node:path';
import { CrossmodalError } from '@crossmodal/core';
import { Command, CommanderError } from 'commander';
import type { ChosenDomains } from '../entries/entry.js';
import { dataSetEntries, entries, findEntry, longEntries, modelEntries } from '../entries/index.js';
import { oneLine } from '../errors.js';
import { cacheFolder, reportFolder } from '../paths.js';
import { parsePreset, presetNames } from '../presets.js';
import { runSeeds } from '../seeds.js';
import { defaultStyles, runSuite } from '../suite.js';
import { addPerfCommand } from './perf-command.js';
import { entriesTable } from './table.js';
import { processTerminal, type Terminal } from './terminal.js';

interface Options {
  preset: string;
  seed: number;
  device: string;
  threads?: number;
  data?: string;
  models?: string;
  styles?: string[];
  cache?: string;
  source?: string;
  target?: string;
  methods?: string[];
  out?: string;
  shuffle: boolean;
  verbose: boolean;
}

/**
 * Runs the command line.
 *
 * @param args without the names of Node and the script.
 * @returns the exit code: 0, or 1 after one line that says what is wrong.
 */
export async function runCommandLine(
  args: readonly string[],
  {
    terminal = processTerminal(),
    environment = process.env,
  }: { terminal?: Terminal; environment?: NodeJS.ProcessEnv } = {},
): Promise<number> {
  const program = buildProgram(terminal, environment);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return program.failed ? 1 : 0;
  } catch (error) {
    if (error instanceof CommanderError) return reportUsage(error, program, args, terminal);
    terminal.note(`bench: ${oneLine(error).replace(/^bench: /, '')}`);
    if (args.includes('--verbose') && error instanceof Error) terminal.note(error.stack ?? '');
    return 1;
  }
}

type Program = Command & { failed: boolean };

function buildProgram(terminal: Terminal, environment: NodeJS.ProcessEnv): Program {
  const program = Object.assign(new Command('bench'), { failed: false });
  program
    .description('Trains small cross-modal models of every paradigm on real data and reports how well they do.')
    .option('--preset <name>', `how much is trained: ${presetNames.join(' or ')}`, 'quick')
    .option('--seed <n>', 'seed of everything that is random', parseSeed, 0)
    .option(
      '--device <name>',
      'cuda, webgpu, cpu, tensorflow, wasm, js or auto',
      environment['CROSSMODAL_DEVICE'] ?? 'auto',
    )
    .option('--threads <n>', 'threads that compute, of the devices cpu and wasm (default: all cores)', parseThreads)
    .option('--data <dir>', 'folder with data sets (default: CROSSMODAL_DATA, or the installed npm packages)')
    .option(
      '--models <dir>',
      'folder with pretrained models (default: CROSSMODAL_MODELS; entries that need them are skipped)',
    )
    .option('--source <set>', 'of digit-adaptation: mnist, mnist-m, mnist-coloured, or a folder or CSV of pictures')
    .option('--target <set>', 'of digit-adaptation: the same; its labels are only looked at in the end')
    .option('--methods <list>', 'of digit-adaptation: methods to compare, separated by semicolons', (text) =>
      text.split(';').map((name) => name.trim()),
    )
    .option(
      '--styles <list>',
      `styles of the entry of this name, besides OpenMoji in colour: openmoji-lines, names of icon sets of Iconify, or folders of such (default: ${defaultStyles.join(',')})`,
      (text) => text.split(','),
    )
    .option('--cache <dir>', 'folder for rendered pictures and speech (default: CROSSMODAL_CACHE, or .cache/bench)')
    .option(
      '--out <dir>',
      'folder for the results (default: reports/<preset>; of run: reports/<preset>-<ids>-seed<n>; of seeds: reports/<preset>-seeds; with --shuffle, -shuffled is added)',
    )
    .option('--shuffle', 'control: shuffle the training pairs and labels; results must fall to chance', false)
    .option('--verbose', 'show stack traces', false)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: () => {}, // errors are reported in one place, as one line
    });

  const common = (ids: readonly string[]) => {
    const { preset, device, threads, data, models: named, styles, cache } = program.opts<Options>();
    const models = named ?? environment['CROSSMODAL_MODELS'];
    const domains = chosenDomains(program.opts<Options>(), ids);
    const skips = ids.length === 0 && models === undefined;
    return {
      skipped: skips ? modelEntries.map(({ id }) => `${id}: skipped, it needs --models DIR or CROSSMODAL_MODELS`) : [],
      preset: parsePreset(preset),
      chosen: ids.length > 0 ? ids.map(findEntry) : [...entries, ...(models === undefined ? [] : modelEntries)],
      models,
      ...(domains ? { domains } : {}),
      styles,
      device,
      threads,
      dataFolder: data ?? environment['CROSSMODAL_DATA'],
      cacheFolder: cacheFolder(cache, environment),
      terminal,
    };
  };
  const run = async (ids: readonly string[]) => {
    const { seed, shuffle, verbose, out } = program.opts<Options>();
    const { chosen, skipped, ...options } = common(ids);
    const parts = [...ids, ...setNames(options.domains), `seed${seed}`];
    const name = ids.length > 0 ? `${options.preset}-${parts.join('-')}` : options.preset;
    const folder = reportFolder(out, shuffle ? `${name}-shuffled` : name);
    const { failures } = await runSuite(chosen, { ...options, seed, shuffle, verbose, reportFolder: folder });
    for (const line of skipped) terminal.note(line);
    program.failed = failures.length > 0;
  };
  const repeat = async (ids: readonly string[], { seeds, control }: { seeds: number[]; control: boolean }) => {
    const { chosen, skipped, ...options } = common(ids);
    const { out } = program.opts<Options>();
    // What is done is not repeated: other domains or methods must not be taken for it.
    if (options.domains?.methods && out === undefined) {
      throw new CrossmodalError('bench: seeds with --methods needs a folder of its own', { remedy: 'pass --out DIR' });
    }
    const folder = reportFolder(out, [options.preset, ...setNames(options.domains), 'seeds'].join('-'));
    terminal.out((await runSeeds(chosen, { ...options, seeds, control, reportFolder: folder })).trimEnd());
    for (const line of skipped) terminal.note(line);
  };

  program
    .command('all', { isDefault: true })
    .description('run every entry (what happens without a command); report in reports/<preset>')
    .action(() => run([]));
  program
    .command('list')
    .description('list the entries')
    .action(() => {
      parsePreset(program.opts<Options>().preset);
      terminal.out(entriesTable([...entries, ...longEntries, ...dataSetEntries, ...modelEntries]));
    });
  program
    .command('run')
    .argument('<ids...>', 'entries, as `list` shows them')
    .description('run some of the entries; report in reports/<preset>-<ids>-seed<n>, the ids joined by -')
    .action((ids: string[]) => run(ids));
  program
    .command('seeds')
    .argument('[ids...]', 'entries; all unless given')
    .option('--seeds <list>', 'seeds, such as 0,1,2', (text) => text.split(',').map(parseSeed), [0, 1, 2])
    .option('--no-control', 'leave out the run with shuffled pairs and labels')
    .description(
      'run entries with several seeds and once shuffled, and tabulate in reports/<preset>-seeds; what is done is not repeated',
    )
    .action(repeat);
  addPerfCommand(program, terminal);
  for (const command of program.commands) command.exitOverride().allowExcessArguments(false);
  return program;
}

/** @throws CrossmodalError when they are named for entries that do not take them. */
function chosenDomains({ source, target, methods }: Options, ids: readonly string[]): ChosenDomains | undefined {
  const domains = Object.entries({ source, target, methods }).filter(([, value]) => value !== undefined);
  if (domains.length === 0) return undefined;
  const takers = dataSetEntries.filter(({ takesDomains }) => takesDomains).map(({ id }) => id);
  const other = ids.map(findEntry).find(({ takesDomains }) => !takesDomains);
  if (ids.length === 0 || other) {
    throw new CrossmodalError(
      `bench: --source, --target and --methods are for ${takers.join(' and ')}, got ${other?.id ?? 'all entries'}`,
      { remedy: 'bench run digit-adaptation --source mnist --target DIR' },
    );
  }
  return Object.fromEntries(domains);
}

/** What the folder of a run is called by. */
const setNames = ({ source, target }: ChosenDomains = {}): string[] =>
  source === undefined && target === undefined
    ? []
    : [`${basename(source ?? 'mnist')}-to-${basename(target ?? 'mnist-m')}`];

function parseSeed(text: string): number {
  if (!/^\d{1,9}$/.test(text))
    throw new CommanderError(1, 'bench.seed', `--seed must be a whole number, got "${text}"`);
  return Number(text);
}

function parseThreads(text: string): number {
  if (!/^[1-9]\d{0,2}$/.test(text))
    throw new CommanderError(1, 'bench.threads', `--threads must be a whole number of at least 1, got "${text}"`);
  return Number(text);
}

/** Help is no failure; everything else that commander refuses is told in one line. */
function reportUsage(error: CommanderError, program: Command, args: readonly string[], terminal: Terminal): number {
  if (error.exitCode === 0) return 0;
  // A word that is no command is taken for an argument of the default command.
  const fallback = program.commands.find((command) => command.name() === 'all');
  const unknown = error.code === 'commander.excessArguments' && !args.includes('all') ? fallback?.args[0] : undefined;
  const reason =
    unknown === undefined
      ? error.message
      : `unknown command "${unknown}"; commands are ${program.commands.map((command) => command.name()).join(', ')}`;
  terminal.note(`bench: ${reason.replace(/^error: /, '').split('\n')[0]}; see "npm run bench -- --help"`);
  return 1;
}
