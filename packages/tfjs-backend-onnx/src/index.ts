export { type BackendOptions, OnnxBackend } from './backend.js';
export { registerOnnxBackend } from './register.js';
