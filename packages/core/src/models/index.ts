export { type OnnxOptions, saveModelOnnx, saveOnnx } from './save-onnx.js';
export { loadModel, saveModel } from './saved-model.js';
