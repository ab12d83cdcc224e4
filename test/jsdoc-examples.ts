import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The code of an `@example` block. */
export interface Example {
  /** Package, by the name of its folder. */
  home: string;
  /** File and line, for messages. */
  place: string;
  code: string;
}

/** What the type checker says of an example. */
export interface Checked extends Example {
  problems: string[];
  /** Names that the example takes for granted: pictures, captions, models. */
  assumed: string[];
}

/** The `@example` blocks of all packages. */
export function examplesOfPackages(): Example[] {
  return readdirSync(join(root, 'packages')).flatMap((home) => {
    const sources = join(root, 'packages', home, 'src');
    const names = readdirSync(sources, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    return names.flatMap((name) => {
      const text = readFileSync(join(sources, name), 'utf8');
      return [...text.matchAll(/\/\*\*(?:(?!\*\/)[\s\S])*?\*\//g)].flatMap((comment) =>
        comment[0].split('@example').flatMap((part, i) => {
          if (i === 0) return [];
          const code = part.replace(/\n?\s*\*\/$/, '').replace(/^\s*\* ?/gm, '');
          const line = text.slice(0, comment.index).split('\n').length;
          return [{ home, place: `packages/${home}/src/${name}:${line}`, code: code.split(/^@\w+/m)[0]!.trim() }];
        }),
      );
    });
  });
}

/** Names that examples may use besides what packages export, and where they come from. */
const known: Record<string, string> = {
  readFile: "import { readFile } from 'node:fs/promises';",
  writeFile: "import { writeFile } from 'node:fs/promises';",
  tf: "import * as tf from '@tensorflow/tfjs-core';",
  tfl: "import * as tfl from '@tensorflow/tfjs-layers';",
};

const homes = readdirSync(join(root, 'packages'));

/** The doors of a package, as one imports them, with the sources behind each. */
function doorsOf(home: string): [specifier: string, source: string][] {
  const manifest = JSON.parse(readFileSync(join(root, 'packages', home, 'package.json'), 'utf8')) as {
    name: string;
    exports: Record<string, string | Record<string, string>>;
  };
  return Object.entries(manifest.exports).flatMap(([door, target]) => {
    if (typeof target === 'string') return [];
    return [[manifest.name + door.slice(1), join(root, 'packages', home, target['@crossmodal/source']!)]];
  });
}

/** What a package exports, each name with the door it is behind: the lists of its index files, all of them named exports. */
function exportsOf(home: string): Map<string, string> {
  const exports = new Map<string, string>();
  for (const [specifier, path] of doorsOf(home)) {
    const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ES2022, true);
    for (const statement of file.statements) {
      const list = ts.isExportDeclaration(statement) ? statement.exportClause : undefined;
      if (!list || !ts.isNamedExports(list)) continue;
      for (const { name } of list.elements) exports.set(name.text, specifier);
    }
  }
  return exports;
}

interface Names {
  /** Read, called or written somewhere. */
  used: Set<string>;
  called: Set<string>;
  /** Declared by the example itself. */
  bound: Set<string>;
}

function namesOf(code: string): Names {
  const names: Names = { used: new Set(), called: new Set(), bound: new Set() };
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const declares =
        (ts.isVariableDeclaration(parent) || ts.isParameter(parent) || ts.isBindingElement(parent)) &&
        parent.name === node;
      const labels =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isQualifiedName(parent) && parent.right === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node) ||
        (ts.isBindingElement(parent) && parent.propertyName === node) ||
        ((ts.isMethodDeclaration(parent) || ts.isPropertySignature(parent)) && parent.name === node);
      if (declares) names.bound.add(node.text);
      else if ((ts.isFunctionDeclaration(parent) || ts.isClassDeclaration(parent)) && parent.name === node) {
        names.bound.add(node.text);
      } else if (!labels) {
        names.used.add(node.text);
        if ((ts.isCallExpression(parent) || ts.isNewExpression(parent)) && parent.expression === node) {
          names.called.add(node.text);
        }
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('example.ts', `export {};\n${code}`, ts.ScriptTarget.ES2022, true));
  return names;
}

/** Types of TypeScript that are no values of Node. */
const globalTypes = new Set(['Record', 'Partial', 'Readonly', 'ReadonlyArray', 'Awaited', 'ReturnType', 'const']);

interface Surroundings {
  imports: string[];
  /** Declared around the example, where its own declarations hide them. */
  declared: string[];
  /** Those of them that it does not declare at all. */
  assumed: string[];
}

/**
 * What an example needs around it: imports of what its own package exports, and of what it calls that others export.
 * Everything else that it does not declare is taken for granted.
 */
function surroundingsOf(
  { home, code }: Example,
  exports: ReadonlyMap<string, ReadonlyMap<string, string>>,
): Surroundings {
  const { used, called, bound } = namesOf(code);
  const imports: string[] = [];
  const declared: string[] = [];
  for (const name of used) {
    const from = [home, 'core', ...homes].find(
      (candidate) =>
        exports.get(candidate)?.has(name) && (candidate === home || called.has(name) || /^[A-Z]/.test(name)),
    );
    if (from && !bound.has(name)) imports.push(`import { ${name} } from '${exports.get(from)?.get(name)}';`);
    else if (known[name]) imports.push(known[name]);
    else if (!(name in globalThis) && !globalTypes.has(name)) declared.push(name);
  }
  return { imports, declared, assumed: declared.filter((name) => !bound.has(name)) };
}

const exampleOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  strict: true,
  noImplicitAny: false, // follows from assumed names
  skipLibCheck: true,
  noEmit: true,
  customConditions: ['@crossmodal/source'],
  baseUrl: root,
  paths: Object.fromEntries(
    homes.flatMap((home) => doorsOf(home).map(([specifier, source]) => [specifier, [relative(root, source)]])),
  ),
};

/** A program over virtual files beside the packages' sources. */
function programOver(files: ReadonlyMap<string, string>, options: ts.CompilerOptions = exampleOptions): ts.Program {
  const disk = ts.createCompilerHost(options);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    readFile: (path) => files.get(path) ?? disk.readFile(path),
    getSourceFile: (path, target) => {
      const text = files.get(path);
      return text === undefined ? disk.getSourceFile(path, target) : ts.createSourceFile(path, text, target, true);
    },
  };
  return ts.createProgram([...files.keys()], options, host);
}

/**
 * Type-checks examples. What packages export is imported; other names are taken for granted, as `any`, but a call of a
 * function that nobody exports is a problem unless `functions` names it.
 */
export function check(examples: readonly Example[], functions: readonly string[]): Checked[] {
  const exports = new Map(homes.map((home) => [home, exportsOf(home)]));
  const surroundings = examples.map((example) => surroundingsOf(example, exports));
  const pathOf = (i: number) => join(root, 'packages', examples[i]!.home, 'src', `example-${i}.ts`);
  const files = new Map(
    examples.map(({ code }, i) => {
      const { imports, declared } = surroundings[i]!;
      const lines = declared.map((name) => `declare let ${name}: any; type ${name} = any;`);
      return [pathOf(i), `${[...imports, ...lines].join(' ')} export {}; {\n${code}\n}`];
    }),
  );
  const program = programOver(files);
  return examples.map((example, i) => {
    const file = program.getSourceFile(pathOf(i))!;
    const { assumed } = surroundings[i]!;
    const { called } = namesOf(example.code);
    const problems = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))
      .filter((message) => !message.includes("'unknown'")); // what is inferred from an assumed name
    for (const name of assumed) {
      if (called.has(name) && !functions.includes(name)) problems.push(`calls ${name}, which no package exports`);
    }
    return { ...example, problems, assumed };
  });
}

/**
 * What `tsc --strict` says of whole programs, by their paths.
 *
 * @param programs path of a file (it need not exist) and its text; packages resolve from there, ours to their sources
 */
export function checkPrograms(programs: ReadonlyMap<string, string>): Map<string, string[]> {
  const program = programOver(programs, { ...exampleOptions, noImplicitAny: true });
  return new Map(
    [...programs.keys()].map((path) => {
      const file = program.getSourceFile(path)!;
      const problems = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
      return [path, problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))];
    }),
  );
}

/** A program that runs examples one after the other and prints those that fail, as JSON. */
export function runner(examples: readonly Example[]): string {
  const homes = [...new Set(['core', ...examples.map(({ home }) => home)])];
  const alias = (home: string) => home.replaceAll('-', '_');
  const doors = homes.flatMap((home) =>
    doorsOf(home).map(([specifier], i) => ({ home, specifier, name: `${alias(home)}_${i}` })),
  );
  const bodies = examples.map(({ home, place, code }) => {
    const script = ts.transpileModule(`async () => {\n${code}\n}`, {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    const scope = `{ ...all, ...${alias(home)} }`;
    return `{ place: ${JSON.stringify(place)}, scope: ${scope}, code: ${JSON.stringify(script.outputText.trim().replace(/;$/, ''))} }`;
  });
  return [
    "import * as tf from '@tensorflow/tfjs-core';",
    "import * as tfl from '@tensorflow/tfjs-layers';",
    ...doors.map(({ specifier, name }) => `import * as ${name} from '${specifier}';`),
    ...homes.map(
      (home) =>
        `const ${alias(home)} = { ${doors.flatMap((door) => (door.home === home ? [`...${door.name}`] : [])).join(', ')} };`,
    ),
    "await core.useDevice('js');",
    `const all = { tf, tfl, ${homes.map((home) => `...${alias(home)}`).join(', ')}, ...core };`,
    `const examples = [${bodies.join(',\n')}];`,
    'const failed = {};',
    'for (const { place, scope, code } of examples) {',
    '  try {',
    "    await new Function(...Object.keys(scope), 'return (' + code + ')()')(...Object.values(scope));",
    '  } catch (error) { failed[place] = error.message; }',
    '}',
    "process.stdout.write('\\n' + JSON.stringify(failed));",
    'process.exit(0);',
  ].join('\n');
}
