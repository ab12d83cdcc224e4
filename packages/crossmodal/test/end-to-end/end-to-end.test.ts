// One model is trained for all of it: by the tests of the command, which come first, or, when only others are run, for them.
import { temporaryFolder } from '../temporary.js';
import { commandSuite } from './command.js';
import { pageSuite } from './page.js';
import { serverSuite } from './server.js';
import { storesSuite } from './stores.js';
import { workplace } from './workplace.js';

const place = workplace(temporaryFolder());
commandSuite(place);
storesSuite(place);
serverSuite(place);
pageSuite(place);
