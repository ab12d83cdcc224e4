export { bsds500 } from './bsds500.js';
export { type FsddRow, fsdd } from './fsdd.js';
export { type ImageRow, imageRows } from './image-rows.js';
export { type LabelledImages, type Mnist, type MnistOptions, mnist } from './mnist.js';
export { type MnistMOptions, mnistM } from './mnist-m.js';
export { type NlvrOptions, nlvr } from './nlvr.js';
export { type DataSource, dataSources } from './sources.js';
export { type UcmRow, ucmCaptions, ucmClasses } from './ucm-captions.js';
export { type PairedFeatures, type Wikipedia, wikipedia } from './wikipedia.js';
