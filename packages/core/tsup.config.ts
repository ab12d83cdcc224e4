import { library } from '../../tsup.base.js';

/** One entry per door of package.json; what doors share goes into chunks, so that classes exist once. */
export default library({ entry: ['src/index.ts', 'src/*/index.ts', 'src/*/*/index.ts'] });
