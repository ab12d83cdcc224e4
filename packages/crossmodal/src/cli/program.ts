import { Command } from 'commander';
import { applyConfigFile } from './config-file.js';
import type { Context } from './context.js';
import type { Terminal } from './terminal.js';
import { positiveNumber, wholeNumber, wholeNumbers, words } from './values.js';

/** Options that every command has. */
interface CommonOptions {
  json?: boolean;
  config?: string;
  device: string;
}

/** The command line; each command is loaded when it is run. */
export function buildProgram(terminal: Terminal, signal: AbortSignal): Command {
  const program = new Command('crossmodal');
  program
    .description('Search your own pictures, recordings and texts by words: train, index, search, serve.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => terminal.out(text.trimEnd()), writeErr: () => {} })
    .showSuggestionAfterError()
    .helpCommand(false);
  const command = (usage: string, description: string) =>
    program
      .command(usage)
      .description(description)
      .exitOverride()
      .allowExcessArguments(false)
      .showSuggestionAfterError();
  /** Adds the common options, and runs the action with what stands in the config file. */
  const runs = <Options>(
    added: Command,
    action: (operands: readonly string[], options: Options, context: Context) => Promise<void>,
    required: readonly string[] = [],
  ) =>
    added
      .option('--json', 'results as JSON on standard output')
      .option('--config <file>', 'options from a JSON file; those on the command line go before')
      .option(
        '--device <name>',
        'cuda, webgpu, cpu, tensorflow, wasm, js or auto',
        process.env['CROSSMODAL_DEVICE'] ?? 'auto',
      )
      .option('--verbose', 'show stack traces')
      .action(async (...args: unknown[]) => {
        const self = args.at(-1) as Command;
        const { config } = self.opts<CommonOptions>();
        if (config !== undefined) await applyConfigFile(self, config);
        const { json = false, device } = self.opts<CommonOptions>();
        // Here and not by commander: the config file may give them, and an option that does not exist is told first.
        const missing = required.find((name) => self.getOptionValue(name) === undefined);
        if (missing !== undefined) self.error(`error: option --${missing} is needed`);
        await action(self.args, self.opts() as Options, { terminal, json, device, signal });
      });
  const dataOptions = (added: Command) =>
    added
      .option('--image <column>', 'column with the path of a picture')
      .option('--audio <column>', 'column with the path of a recording')
      .option('--text <column>', 'column with the text')
      .option('--label <column>', 'column with the label')
      .option('--split <column>', 'column that says train, val or test')
      .option('--group <column>', 'column of what must stay in one split')
      .option('--cache <dir>', 'where tar shards are unpacked', '.crossmodal');

  runs(
    dataOptions(command('inspect <path>', 'say what a folder or file of data holds, and what is broken in it')).option(
      '--no-decode',
      'do not open the files',
    ),
    async ([path], options, context) =>
      (await import('../commands/inspect.js')).inspectCommand(path as string, options as never, context),
  );
  runs(
    dataOptions(command('train', 'train a model that finds one modality by another'))
      .option('--data <path>', 'folder or file, as `inspect` understands it')
      .option('--out <dir>', 'folder of the model')
      .option('--image-encoder <dir>', 'folder of a pretrained image encoder')
      .option('--text-encoder <dir>', 'folder of a pretrained text encoder')
      .option('--audio-encoder <dir>', 'folder of a pretrained audio encoder')
      .option('--lock', 'leave pretrained encoders as they are, train projections only')
      .option(
        '--epochs <n>',
        'passes over the training items; by default as many as make some thousand steps',
        wholeNumber(1),
      )
      .option('--batch-size <n>', 'items per step', wholeNumber(2))
      .option('--learning-rate <x>', 'the highest, after warm-up', positiveNumber)
      .option('--dimension <n>', 'length of the vectors', wholeNumber(1))
      .option('--image-size <n>', 'side of the pictures, of an encoder from scratch', wholeNumber(8))
      .option(
        '--channels <list>',
        'channels of each stage of encoders from scratch, such as 24,48,96,192',
        wholeNumbers,
      )
      .option('--seed <n>', 'of everything that is random', wholeNumber(0))
      .option('--limit <n>', 'train on so many items only', wholeNumber(2))
      .option('--plan', 'say what would be done, and stop')
      .option('--restart', 'remove what an earlier run with other settings left'),
    async (_, options, context) => (await import('../commands/train.js')).trainCommand(options as never, context),
    ['data', 'out'],
  );
  runs(
    dataOptions(command('evaluate', 'measure retrieval on held-out data'))
      .option('--model <dir>', 'folder of the model')
      .option('--data <path>', 'folder or file')
      .option('--on <split>', 'train, validation or test; by default test, or all where there are no splits'),
    async (_, options, context) => (await import('../commands/evaluate.js')).evaluateCommand(options as never, context),
    ['model', 'data'],
  );
  runs(
    dataOptions(command('index', 'embed data into a store that search and serve read'))
      .option('--model <dir>', 'folder of the model')
      .option('--data <path>', 'folder or file')
      .option('--index <dir>', 'folder of the index', 'index')
      .option('--store <spec>', 'lancedb:DIR or milvus:URL instead of files in the folder of the index')
      .option('--batch-size <n>', 'items that are embedded at once', wholeNumber(1), 64)
      .option('--prune', 'remove from the index what is no longer in the data'),
    async (_, options, context) => (await import('../commands/index-data.js')).indexCommand(options as never, context),
    ['model', 'data'],
  );
  runs(
    command('search [words]', 'find what is nearest to words, a picture or a recording')
      .option('--index <dir>', 'folder of the index', 'index')
      .option('--image <file>', 'search by a picture')
      .option('--audio <file>', 'search by a recording')
      .option('-k, --top <n>', 'how many answers', wholeNumber(1), 10)
      .option('--kind <modality>', 'only image, text or audio')
      .option('--label <name>', 'only items of this label'),
    async ([words], options, context) =>
      (await import('../commands/search.js')).searchCommand(words, options as never, context),
  );
  runs(
    command('serve', 'search page and HTTP API')
      .option('--index <dir>', 'folder of the index', 'index')
      .option('--host <name>', 'address to listen on; others than loopback let others in', '127.0.0.1')
      .option(
        '--allow-host <names>',
        'names, between commas, that others call this server by: of a reverse proxy before it',
        words,
      )
      .option('--port <n>', '0 takes a free one', wholeNumber(0), 8080)
      .option('--rate <n>', 'requests per minute and address', wholeNumber(1), 6000)
      .option('--upload-limit <megabytes>', 'size of an uploaded file', positiveNumber, 16),
    async (_, options, context) => (await import('../commands/serve.js')).serveCommand(options as never, context),
  );
  runs(
    dataOptions(command('embed', 'write embeddings as safetensors shards'))
      .option('--model <dir>', 'folder of the model')
      .option('--data <path>', 'folder or file')
      .option('--out <dir>', 'folder of the shards')
      .option('--batch-size <n>', 'items that are embedded at once', wholeNumber(1), 64),
    async (_, options, context) => (await import('../commands/embed.js')).embedCommand(options as never, context),
    ['model', 'data', 'out'],
  );
  runs(
    command('export', 'write ONNX files with their preprocessing, or a search page that needs no server')
      .option('--model <dir>', 'folder of the model')
      .option('--index <dir>', 'with --site: folder of the index', 'index')
      .option('--site', 'a static search page: open it over any web server')
      .option('--out <dir>', 'folder that is made'),
    async (_, options, context) => (await import('../commands/export.js')).exportCommand(options as never, context),
    ['out'],
  );
  runs(
    command('caption <pictures...>', 'say in words what pictures show')
      .option('--model <dir>', 'folder of a model from pictures to text')
      .option('--beam <n>', 'texts that are followed at a time', wholeNumber(1), 4),
    async (paths, options, context) =>
      (await import('../commands/caption.js')).captionCommand(paths, options as never, context),
    ['model'],
  );
  runs(
    command('transcribe <recordings...>', 'write down what is said in recordings')
      .option('--model <dir>', 'folder of a model from recordings to text')
      .option('--beam <n>', 'texts that are followed at a time', wholeNumber(1), 1)
      .option('--language <code>', 'of Whisper: what is spoken, such as en; found out by default')
      .option('--translate', 'of Whisper: write English, whatever is spoken'),
    async (paths, options, context) =>
      (await import('../commands/transcribe.js')).transcribeCommand(paths, options as never, context),
    ['model'],
  );
  runs(
    command('generate <words>', 'draw pictures for words')
      .option('--model <dir>', 'folder of a model that draws')
      .option('--out <file>', 'PNG that is written')
      .option(
        '--text-model <dir>',
        'model whose vectors of words it was trained on, where it has no encoder of its own',
      )
      .option('--count <n>', 'pictures, in one file', wholeNumber(1), 1)
      .option('--seed <n>', 'of what is random', wholeNumber(0), 0),
    async ([words], options, context) =>
      (await import('../commands/generate.js')).generateCommand(words as string, options as never, context),
    ['model', 'out'],
  );
  const models = command('models', 'say what a model folder holds; list models, or fetch one');
  const modelsCommand = (usage: string, description: string, options: { isDefault?: boolean } = {}) =>
    models.command(usage, options).description(description).exitOverride().allowExcessArguments(false);
  runs(modelsCommand('info <dir>', 'what a model folder holds', { isDefault: true }), async ([path], _, context) =>
    (await import('../commands/models.js')).modelInfoCommand(path as string, context),
  );
  runs(
    modelsCommand('list [dir]', 'the models below a folder, and those that were fetched'),
    async ([path], _, context) => (await import('../commands/models.js')).modelListCommand(path, context),
  );
  runs(
    modelsCommand('fetch <name>', 'fetch organisation/model from the Hugging Face hub').option(
      '--revision <name>',
      'branch, tag or commit',
      'main',
    ),
    async ([name], options, context) =>
      (await import('../commands/models.js')).modelFetchCommand(name as string, options as never, context),
  );
  runs(command('doctor', 'say what works on this machine, and what is missing'), async (_, __, context) =>
    (await import('../commands/doctor.js')).doctorCommand(context),
  );
  runs(
    command('sample <dir>', 'write a folder of OpenMoji pictures with a CSV, to try the other commands on')
      .option('--limit <n>', 'how many', wholeNumber(1))
      .option('--size <n>', 'side of the pictures', wholeNumber(16), 96),
    async ([path], options, context) =>
      (await import('../commands/sample.js')).sampleCommand(path as string, options as never, context),
  );
  return program;
}
