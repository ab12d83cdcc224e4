/**
 * Who may import whom (see "The house" in the README).
 * @type {import('dependency-cruiser').IConfiguration}
 */
const paradigms = '(alignment|fusion|encoder-decoder|gan|vae|adaptation)';

/** What runs in a browser: whole packages, and these doors and inner folders of core. */
const browserCore =
  'packages/core/src/([^/]+\\.ts$|(blocks|compile|layers|metrics|model-files|optimisers|random|schedules|step|tuning)/|safetensors/[^/]+\\.ts$|data/dataset\\.ts$)';
const browser = `^(packages/(losses|alignment|fusion|encoder-decoder|gan|vae|adaptation)/src/|${browserCore})`;
/** Doors and folders of core that need Node. */
const nodeCore = '^packages/core/src/(checkpoint|data|device|log|models|train|safetensors/files)/';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'not-resolvable',
      comment: 'Every import must exist, but for the optional peers, which are loaded by name at run time.',
      severity: 'error',
      from: { path: '^(packages|apps|tools)/' },
      to: { couldNotResolve: true },
    },
    {
      name: 'backend-imports-nothing-of-ours',
      severity: 'error',
      from: { path: '^packages/tfjs-backend-onnx/src/' },
      to: { path: '^(packages|apps|tools)/', pathNot: '^packages/tfjs-backend-onnx/' },
    },
    {
      name: 'core-imports-only-the-backend',
      severity: 'error',
      from: { path: '^packages/core/src/' },
      to: { path: '^(packages|apps|tools)/', pathNot: '^packages/(core|tfjs-backend-onnx)/' },
    },
    {
      name: 'core-loads-the-backend-dynamically',
      severity: 'error',
      from: { path: '^packages/core/src/' },
      to: { path: '^packages/tfjs-backend-onnx/', dependencyTypesNot: ['type-only'], dynamic: false },
    },
    {
      name: 'losses-and-encoders-import-only-core',
      severity: 'error',
      from: { path: '^packages/(losses|encoders-[a-z]+)/src/' },
      to: { path: '^(packages|apps|tools)/', pathNot: '^packages/($1|core)/' },
    },
    {
      name: 'search-imports-only-core',
      severity: 'error',
      from: { path: '^packages/search/src/' },
      to: { path: '^(packages|apps|tools)/', pathNot: '^packages/(search|core)/' },
    },
    {
      name: 'paradigms-import-only-core-and-losses',
      comment:
        'Paradigms know neither each other nor an encoder package: encoders arrive through the Encoder contract.',
      severity: 'error',
      from: { path: `^packages/${paradigms}/src/` },
      to: { path: '^(packages|apps|tools)/', pathNot: '^packages/($1|core|losses)/' },
    },
    {
      name: 'nobody-imports-the-command',
      severity: 'error',
      from: { path: '^packages/(?!crossmodal/)' },
      to: { path: '^packages/crossmodal/' },
    },
    {
      name: 'browser-code-imports-nothing-of-node',
      comment:
        'These bundle for a browser: no module of Node, also not for types only, and no door of core that needs one.',
      severity: 'error',
      from: { path: browser },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'browser-code-imports-browser-doors',
      severity: 'error',
      from: { path: browser },
      to: { path: nodeCore, pathNot: '^packages/core/src/data/dataset\\.ts$' },
    },
    {
      name: 'nobody-imports-the-apps',
      severity: 'error',
      from: { path: '^(packages|tools)/' },
      to: { path: '^apps/' },
    },
    {
      name: 'testkit-only-in-tests',
      severity: 'error',
      from: { path: '^(packages|apps)/[^/]+/src/' },
      to: { path: '^tools/' },
    },
    {
      name: 'packages-through-their-front-door',
      comment: "Another package's files are reached through its doors only: the index files that its exports name.",
      severity: 'error',
      from: { path: '^(packages|apps|tools)/([^/]+)/' },
      to: {
        path: '^packages/[^/]+/src/',
        pathNot: [
          '^$1/$2/',
          '^packages/[^/]+/src/index\\.ts$',
          '^packages/core/src/[a-z]+/index\\.ts$',
          '^packages/core/src/[a-z]+/[a-z]+/index\\.ts$',
        ],
      },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|coverage)/' },
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@crossmodal/source', 'import', 'require', 'node', 'types', 'default'],
      mainFields: ['module', 'main', 'types'],
    },
  },
};
