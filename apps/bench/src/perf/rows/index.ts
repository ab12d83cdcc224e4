import { audio } from './audio.js';
import { clip } from './clip.js';
import { dann } from './dann.js';
import { dcgan } from './dcgan.js';
import { large } from './large.js';
import { lstm } from './lstm.js';
import { mlp } from './mlp.js';
import { pretrained } from './pretrained.js';
import type { Row } from './row.js';
import { shapes } from './shapes.js';
import { suite } from './suite.js';
import { transformer } from './transformer.js';
import { vae } from './vae.js';

/** The rows of the table, in its order. */
export const rows: readonly Row[] = [dann, dcgan, clip, transformer, lstm, vae, audio, mlp, suite];

/** Those, large networks and inference, models loaded from folders, and the shapes that nothing was tuned on. */
export const everyRow: readonly Row[] = [...rows, ...large, ...pretrained, ...shapes];
