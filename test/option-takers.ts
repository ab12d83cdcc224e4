import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

export const root = fileURLToPath(new URL('..', import.meta.url));
const doors = [
  'losses/src/index.ts',
  'alignment/src/index.ts',
  'adaptation/src/index.ts',
  'encoder-decoder/src/index.ts',
  'encoders-vision/src/index.ts',
  'encoders-audio/src/index.ts',
  'encoders-text/src/index.ts',
  'fusion/src/index.ts',
  'gan/src/index.ts',
  'vae/src/index.ts',
  'search/src/index.ts',
  'crossmodal/src/index.ts',
  'core/src/index.ts',
  'core/src/blocks/index.ts',
  'core/src/data/index.ts',
  'core/src/data/sets/index.ts',
  'core/src/device/index.ts',
  'core/src/layers/index.ts',
  'core/src/models/index.ts',
  'core/src/safetensors/index.ts',
  'core/src/safetensors/files/index.ts',
  'core/src/step/index.ts',
  'core/src/train/index.ts',
  'core/src/tuning/index.ts',
  'core/src/metrics/index.ts',
  'core/src/optimisers/index.ts',
  'core/src/schedules/index.ts',
];

/** What takes an object that is no set of options of its own: why. */
const exceptions: Readonly<Record<string, string>> = {
  flipHorizontally: 'takes an image apart',
  formatNpy: 'takes an array apart',
  oneCaption: 'takes the context of a pipeline',
  Recurrent: 'a layer: TensorFlow.js passes options of its own',
  ClassToken: 'a layer',
  Dropout: 'a layer',
  GradientReversal: 'a layer',
  GroupNormalization: 'a layer',
  L2Normalize: 'a layer',
  LogitScale: 'a layer',
  MaskedPooling: 'a layer',
  MultiHeadAttention: 'a layer',
  PatchEmbedding: 'a layer',
  PositionEmbedding: 'a layer',
  Reparameterise: 'a layer',
  SpectralNormalization: 'a layer',
  TransformerBlock: 'a layer',
  CrossmodalError: 'what checks throws it',
  assertKnownOptions: 'it is what checks',
  isTraining: 'it checks the options of others',
  decodeValues: 'takes a tensor apart',
  RuleOptimizer: 'the optimisers check before it',
  ExactIndex: 'exactIndex checks before it',
  encodeBatch: 'tokenizers are checked in their own tests',
  imageRows: 'takes a set apart',
  savedOptionsFile: 'takes lists of names apart',
  withSavedOptions: 'the loaders check before it',
  pretrainedEncoder: 'the loaders check before it',
  runCommandLine: 'takes the streams of a process; options of the command are checked by the command',
};
/** Files that refuse unknown options elsewhere, or belong to tests of their own. */
const elsewhere = /tokenizers\/|dual-encoder\/|cached-gradients\/|core\/src\/(step|train)\//;

/** A public function or class with an options object. */
export interface OptionTaker {
  name: string;
  file: string;
  options: string[];
  defaults: OptionDefault[];
  body: string;
}

/** An option with a default, and what its documentation says of it. */
export interface OptionDefault {
  option: string;
  /** As the source has it, in one line. */
  value: string;
  /** Of the tag `@default`. */
  documented: string | undefined;
  declaration: ts.Declaration | undefined;
}

export function optionTakers(): OptionTaker[] {
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(`${root}tsconfig.json`, (path) => readFileSync(path, 'utf8')).config,
    ts.sys,
    root,
  );
  const files = doors.map((door) => `${root}packages/${door}`);
  const program = ts.createProgram(files, { ...options, noEmit: true });
  const checker = program.getTypeChecker();
  const takers = new Map<ts.Declaration, OptionTaker>();
  for (const path of files) {
    const file = program.getSourceFile(path);
    const module = file && checker.getSymbolAtLocation(file);
    if (!module) throw new Error(`${path} has no exports`);
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const taker = optionTaker(checker, symbol);
      if (taker) takers.set(symbol.declarations?.[0] as ts.Declaration, taker);
    }
  }
  return [...takers.values()];
}

function optionTaker(checker: ts.TypeChecker, symbol: ts.Symbol): OptionTaker | undefined {
  const declared = symbol.declarations?.find(
    (d): d is ts.FunctionDeclaration | ts.ClassDeclaration =>
      (ts.isFunctionDeclaration(d) && d.body !== undefined) || ts.isClassDeclaration(d),
  );
  if (!declared || elsewhere.test(declared.getSourceFile().fileName) || symbol.name in exceptions) return undefined;
  const callable = ts.isClassDeclaration(declared)
    ? declared.members.find((m): m is ts.ConstructorDeclaration => ts.isConstructorDeclaration(m))
    : declared;
  const last = callable?.parameters.at(-1);
  if (!callable?.body || !last) return undefined;
  const type = checker.getNonNullableType(checker.getTypeAtLocation(last));
  const destructured = ts.isObjectBindingPattern(last.name);
  if (!destructured && !/options$/i.test(last.name.getText())) return undefined;
  if (!(type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) || type.getCallSignatures().length > 0)
    return undefined;
  return {
    name: symbol.name,
    file: declared.getSourceFile().fileName.slice(root.length),
    options: type.getProperties().map((property) => property.name),
    defaults: defaultsOf(checker, callable, type),
    body: declared.getSourceFile().text,
  };
}

/** Defaults in the destructuring of the last parameter, or of it in the body. */
function defaultsOf(
  checker: ts.TypeChecker,
  callable: ts.FunctionDeclaration | ts.ConstructorDeclaration,
  type: ts.Type,
): OptionDefault[] {
  const last = callable.parameters.at(-1)!;
  const patterns: ts.ObjectBindingPattern[] = ts.isObjectBindingPattern(last.name) ? [last.name] : [];
  for (const statement of callable.body!.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      if (ts.isObjectBindingPattern(name) && initializer?.getText() === last.name.getText()) patterns.push(name);
    }
  }
  return patterns
    .flatMap(({ elements }) => [...elements])
    .flatMap((element) => {
      if (!element.initializer) return [];
      const option = (element.propertyName ?? element.name).getText();
      const property = type.getProperty(option);
      const tag = property?.getJsDocTags(checker).find(({ name }) => name === 'default');
      return [
        {
          option,
          value: element.initializer.getText().replace(/\s+/g, ' '),
          documented: tag && ts.displayPartsToString(tag.text).replace(/\s+/g, ' ').trim(),
          declaration: property?.declarations?.[0],
        },
      ];
    });
}
