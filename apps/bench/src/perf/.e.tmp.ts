import { writeFileSync } from "node:fs";
import { rows } from "./rows/index.js";
import { useDevice, compile } from "@crossmodal/core";
import { createRequire } from "node:module";
const require = createRequire(import.meta.resolve("@crossmodal/tfjs-backend-onnx"));
const b = require("onnxruntime-node/dist/binding");
const Orig = b.binding.InferenceSession;
let n=0;
const wrapped = class { s:any = new Orig(); loadModel(buf:any, off:number, len:number, o:any){ const t=performance.now(); writeFileSync(`/tmp/m${n}.onnx`, Buffer.from(buf,off,len)); const r=this.s.loadModel(buf,off,len,{...o, graphOptimizationLevel: process.env.LV ?? o.graphOptimizationLevel}); console.log("load", n++, len, o.graphOptimizationLevel, (performance.now()-t).toFixed(0)); return r;}
 run(...a:any[]){const t=performance.now();const r=this.s.run(...a);console.log("run",(performance.now()-t).toFixed(1));return r} dispose(){return this.s.dispose()} endProfiling(){return this.s.endProfiling()} get inputMetadata(){return this.s.inputMetadata} get outputMetadata(){return this.s.outputMetadata} };
Object.defineProperty(b, "binding", { value: { ...b.binding, InferenceSession: wrapped } });
await useDevice("cpu");
const w = rows.find(r=>r.id===(process.argv[2]??"d"))!.build(Number(process.argv[3]??16));
const f = compile(w.step);
for (let i=0;i<Number(process.argv[4]??1);i++){const t=performance.now(); const l=f(...w.inputs) as any; await l.data(); console.log(i, performance.now()-t);}
process.exit(0)
