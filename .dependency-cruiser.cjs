/**
 * Who may import whom (see "The house" in the README).
 * @type {import('dependency-cruiser').IConfiguration}
 */
const paradigms = '(alignment|fusion|encoder-decoder|gan|vae|adaptation)';

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
