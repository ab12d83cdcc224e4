export type { BackendOptions } from './backend-options.js';
export { type CompiledFunction, type CompileOptions, compile } from './compile/compile.js';
export { type HostArray, hostInput } from './compile/host-input.js';
export { type ExportedGraph, type ExportOptions, exportGraph, exportOnnx } from './export/export-onnx.js';
export { OnnxBackend } from './onnx-backend.js';
export { type KernelTime, type Profile, profile } from './profile.js';
export { registerOnnxBackend } from './register.js';
export type { OperatorTime } from './run/profiler.js';
