import { rows } from "./rows/index.js";
import { useDevice, compile } from "@crossmodal/core";
await useDevice("cpu");
const w = rows.find(r=>r.id===(process.argv[2]??"d"))!.build(Number(process.argv[3]??16));
const f = compile(w.step);
for (let i=0;i<Number(process.argv[4]??1);i++){const t=performance.now(); const l=f(...w.inputs) as any; await l.data(); console.log(i, performance.now()-t);}
process.exit(0)
