import { loadPeer } from '../peers.js';

export type Lance = typeof import('@lancedb/lancedb');
export type Arrow = typeof import('apache-arrow');

export interface LancePackages {
  lance: Lance;
  arrow: Arrow;
}

const install =
  'install it without its optional parts (170 MB instead of 520): npm install --omit=optional @lancedb/lancedb@0.31 ' +
  `@lancedb/lancedb-${process.platform}-${process.arch}${process.platform === 'linux' ? '-gnu' : process.platform === 'win32' ? '-msvc' : ''}@0.31 apache-arrow@18.1`;

export function loadLance(where: string): LancePackages {
  const arrow = loadPeer<Arrow>(where, 'apache-arrow', install);
  return { arrow, lance: loadPeer<Lance>(where, '@lancedb/lancedb', install) };
}
