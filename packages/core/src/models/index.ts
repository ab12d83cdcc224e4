export { type CachedModel, cachedModels } from './hub/cached-models.js';
export { type HubFolderOptions, hubFolder } from './hub/hub-folder.js';
export { openFolder } from './open-folder.js';
export { saveFolder } from './save-folder.js';
export { type OnnxOptions, type SaveOnnxOptions, saveModelOnnx, saveOnnx } from './save-onnx.js';
export { loadModel, saveModel } from './saved-model.js';
