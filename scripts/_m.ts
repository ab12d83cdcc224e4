import ts from 'typescript';
import { readFileSync } from 'node:fs';
const root = process.cwd() + '/';
const { options } = ts.parseJsonConfigFileContent(ts.readConfigFile(`${root}tsconfig.json`, (p) => readFileSync(p, 'utf8')).config, ts.sys, root);
const doors = ['losses/src/index.ts','alignment/src/index.ts','adaptation/src/index.ts','encoder-decoder/src/index.ts','encoders-vision/src/index.ts','encoders-audio/src/index.ts','encoders-text/src/index.ts','fusion/src/index.ts','gan/src/index.ts','vae/src/index.ts','search/src/index.ts','crossmodal/src/index.ts','tfjs-backend-onnx/src/index.ts',
'core/src/index.ts','core/src/data/index.ts','core/src/data/sets/index.ts','core/src/blocks/index.ts','core/src/device/index.ts','core/src/layers/index.ts','core/src/models/index.ts','core/src/safetensors/index.ts','core/src/safetensors/files/index.ts','core/src/step/index.ts','core/src/train/index.ts','core/src/tuning/index.ts','core/src/metrics/index.ts','core/src/optimisers/index.ts','core/src/schedules/index.ts'];
const files = doors.map((d) => `${root}packages/${d}`);
const program = ts.createProgram(files, { ...options, noEmit: true });
const checker = program.getTypeChecker();
const seen = new Set<ts.Declaration>();
for (const f of files) {
  const sf = program.getSourceFile(f)!;
  const mod = checker.getSymbolAtLocation(sf)!;
  for (const ex of checker.getExportsOfModule(mod)) {
    const sym = ex.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(ex) : ex;
    for (const d of sym.declarations ?? []) {
      if (!d.getSourceFile().fileName.includes('/packages/')) continue;
      const types: ts.Type[] = [];
      if (ts.isInterfaceDeclaration(d) || ts.isClassDeclaration(d) || ts.isTypeAliasDeclaration(d)) types.push(checker.getDeclaredTypeOfSymbol(sym));
      if (ts.isFunctionDeclaration(d)) for (const s of checker.getTypeAtLocation(d).getCallSignatures()) { let r = s.getReturnType(); const p = checker.getAwaitedType(r); types.push(p ?? r); }
      for (const t of types) for (const prop of t.getProperties()) {
        const pd = prop.declarations?.[0];
        if (!pd || seen.has(pd) || !pd.getSourceFile().fileName.includes('/packages/')) continue;
        const pt = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(prop, pd));
        for (const sig of pt.getCallSignatures()) {
          const last = sig.getParameters().at(-1);
          const ld = last?.valueDeclaration as ts.ParameterDeclaration | undefined;
          if (!ld || !ts.isParameter(ld)) continue;
          const lt = checker.getNonNullableType(checker.getTypeAtLocation(ld));
          if (!(lt.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection)) || lt.getCallSignatures().length || checker.isArrayType(lt)) continue;
          const destr = ts.isObjectBindingPattern(ld.name);
          if (!destr && !/options$/i.test(ld.name.getText())) continue;
          seen.add(pd);
          console.log(`${pd.getSourceFile().fileName.slice(root.length + 9)} ${(pd.parent as any).name?.getText() ?? '?'}.${prop.name} {${lt.getProperties().map((p) => p.name).join(',')}}`);
        }
      }
    }
  }
}
