import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

/**
 * Every public function and class that takes an options object must refuse options that do not exist. The names it knows are compared with
 * the type, so that neither a new function nor a new option can be forgotten.
 */
const root = fileURLToPath(new URL('..', import.meta.url));
const doors = [
  'losses/src/index.ts',
  'alignment/src/index.ts',
  'encoder-decoder/src/index.ts',
  'encoders-vision/src/index.ts',
  'encoders-audio/src/index.ts',
  'encoders-text/src/index.ts',
  'core/src/data/index.ts',
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
  RuleOptimizer: 'the optimisers check before it',
  ExactIndex: 'exactIndex checks before it',
  encodeBatch: 'tokenizers are checked in their own tests',
};
/** Files that refuse unknown options elsewhere, or belong to tests of their own. */
const elsewhere = /tokenizers\/|dual-encoder\/|cached-gradients\/|core\/src\/(step|train)\//;

interface OptionTaker {
  name: string;
  file: string;
  options: string[];
  body: string;
}

function optionTakers(): OptionTaker[] {
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
    body: declared.getSourceFile().text,
  };
}

describe('options that do not exist', () => {
  const takers = optionTakers();

  it('are looked for in more than a hundred functions', () => {
    expect(takers.length).toBeGreaterThan(150);
    expect(takers.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['infoNce', 'convolutionalEncoder', 'manifest', 'adamW']),
    );
  });

  it.each(takers.map((taker) => [taker.name, taker] as const))('are refused by %s', (name, { file, options, body }) => {
    const call = new RegExp(
      `assertKnownOptions\\('${name}',\\s*\\w+,\\s*(\\[[^\\]]*\\]|\\{[^}]*\\}|known\\w*|\\w*[oO]ptionNames)`,
    ).exec(body);
    expect(call, `${file}: ${name} must call assertKnownOptions('${name}', ...)`).not.toBeNull();
    const list = call?.[1] as string;
    // A constant object of names is compared with the type by the compiler.
    if (/^\w+$/.test(list)) return;
    const names = list.startsWith('[')
      ? [...list.matchAll(/'([^']+)'/g)].map(([, option]) => option)
      : [...list.matchAll(/(\w+): true/g)].map(([, option]) => option);
    expect(names.sort(), `${file}: the names that ${name} knows`).toEqual([...options].sort());
  });
});
