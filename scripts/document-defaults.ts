// `node --import tsx scripts/document-defaults.ts`: writes the tag @default into the documentation of every option that has a
// default in the destructuring and no tag yet.
import { readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';
import { optionTakers } from '../test/option-takers.js';

type Edit = readonly [from: number, to: number, text: string];

const values = new Map<ts.Declaration, Map<string, string[]>>();
for (const { name, defaults } of optionTakers()) {
  for (const { value, declaration, documented } of defaults) {
    if (!declaration || documented !== undefined || !ts.isPropertySignature(declaration)) continue;
    const own = values.get(declaration) ?? new Map<string, string[]>();
    values.set(declaration, own.set(value, [...(own.get(value) ?? []), name]));
  }
}

const edits = new Map<string, Edit[]>();
for (const [declaration, own] of values) {
  const { fileName, text } = declaration.getSourceFile();
  const only = own.size === 1;
  const tag = `@default ${[...own].map(([value, names]) => (only ? value : `${value} (${names.join(', ')})`)).join('; ')}`;
  edits.set(fileName, [...(edits.get(fileName) ?? []), editOf(declaration, text, tag)]);
}
for (const [file, list] of edits) {
  let text = readFileSync(file, 'utf8');
  for (const [from, to, insert] of list.sort((a, b) => b[0] - a[0]))
    text = text.slice(0, from) + insert + text.slice(to);
  writeFileSync(file, text);
}
console.log(`${values.size} options in ${edits.size} files`);

/** The documentation with the tag as its last line, or one of the tag alone. */
function editOf(declaration: ts.Declaration, source: string, tag: string): Edit {
  const start = declaration.getStart();
  const line = source.lastIndexOf('\n', start) + 1;
  const doc = (ts.getJSDocCommentsAndTags(declaration) as ts.Node[]).filter(ts.isJSDoc).at(-1);
  if (!doc) {
    const inline = source.slice(line, start).trim() !== '';
    const indent = /^\s*/.exec(source.slice(line))?.[0] ?? '';
    // On a line of its own: what stands behind a brace belongs to the brace.
    return [start, start, `${inline ? '\n' : ''}/** ${tag} */\n${indent}`];
  }
  const indent = /^\s*/.exec(source.slice(source.lastIndexOf('\n', doc.pos) + 1))?.[0] ?? '';
  const body = source
    .slice(doc.pos, doc.end)
    .replace(/^\/\*\*\s?/, '')
    .replace(/\s*\*\/$/, '');
  const lines = body
    .split('\n')
    .map((text) => text.replace(/^\s*\* ?/, ''))
    .filter((text, i) => i > 0 || text !== '');
  const inner = [...lines.map((text) => `${indent} * ${text}`.trimEnd()), `${indent} * ${tag}`];
  return [doc.pos, doc.end, ['/**', ...inner, `${indent} */`].join('\n')];
}
