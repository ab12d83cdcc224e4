import { readFileSync } from 'node:fs';
import ts from 'typescript';
const root = '/tmp/wt/defects/';
const doors = 'losses alignment adaptation encoder-decoder encoders-vision encoders-audio encoders-text fusion gan vae search crossmodal core core/data core/data/sets core/device core/layers core/models core/safetensors core/safetensors/files core/step core/train core/tuning core/metrics core/optimisers core/schedules core/blocks'.split(' ');
const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(`${root}tsconfig.json`, (p) => readFileSync(p, 'utf8')).config, ts.sys, root);
const files = doors.map((d) => { const [p, ...r] = d.split('/'); return `${root}packages/${p}/src/${r.length ? `${r.join('/')}/` : ''}index.ts`; });
const program = ts.createProgram(files, { ...options, noEmit: true });
const checker = program.getTypeChecker();
const seen = new Set<string>();
const enums: string[] = [];
for (const path of files) {
  const file = program.getSourceFile(path); const module = file && checker.getSymbolAtLocation(file);
  if (!module) { console.log('no', path); continue; }
  for (const e of checker.getExportsOfModule(module)) {
    const s = e.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(e) : e;
    const d = s.declarations?.[0]; if (!d) continue;
    if (ts.isInterfaceDeclaration(d) || ts.isClassDeclaration(d)) {
      const type = checker.getDeclaredTypeOfSymbol(s);
      for (const p of type.getProperties()) {
        const pd = p.declarations?.[0]; if (!pd || pd.getSourceFile().fileName.includes('node_modules')) continue;
        const pt = checker.getTypeOfSymbolAtLocation(p, pd);
        for (const sig of pt.getCallSignatures()) {
          const last = sig.parameters.at(-1); const ld = last?.declarations?.[0] as ts.ParameterDeclaration | undefined; if (!last || !ld) continue;
          const lt = checker.getNonNullableType(checker.getTypeAtLocation(ld));
          if (!/options|settings/i.test(last.name) && !ts.isObjectBindingPattern(ld.name)) continue;
          const names = lt.getProperties().map((x) => x.name);
          const key = `${s.name}.${p.name}(${names.join(', ')})`;
          if (!seen.has(key)) { seen.add(key); console.log('METHOD', path.slice(root.length + 9).replace('/src', '').replace('/index.ts', ''), key); }
        }
      }
    }
    const fd = s.declarations?.find((x): x is ts.FunctionDeclaration => ts.isFunctionDeclaration(x));
    if (fd) {
      const last = fd.parameters.at(-1); if (!last) continue;
      const lt = checker.getNonNullableType(checker.getTypeAtLocation(last));
      if (lt.getCallSignatures().length || !(lt.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection))) continue;
      if (!ts.isObjectBindingPattern(last.name) && !/options$/i.test(last.name.getText())) continue;
      for (const p of lt.getProperties()) {
        const t = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(p, last));
        const parts = t.isUnion() ? t.types : [t];
        const lits = parts.filter((x) => x.isStringLiteral()).map((x) => (x as ts.StringLiteralType).value);
        if (lits.length > 0) enums.push(`ENUM ${fd.getSourceFile().fileName.slice(root.length + 9)} ${s.name} ${p.name}: ${lits.join('|')}${lits.length < parts.length ? ' +others' : ''}`);
      }
    }
  }
}
for (const e of [...new Set(enums)]) console.log(e);
