import { readFileSync } from 'node:fs';

/** What decides whether a process could have large pages and has none. */
export interface PageSettings {
  platform: NodeJS.Platform;
  /** Version of glibc, where that is the C library. */
  glibc: string | undefined;
  /** Contents of the kernel's switch, such as `always [madvise] never`. */
  transparent: string | undefined;
  /** The environment variable GLIBC_TUNABLES. */
  tunables: string | undefined;
}

const SWITCH = '/sys/kernel/mm/transparent_hugepage/enabled';
const TUNABLE = 'glibc.malloc.hugetlb';

/**
 * What to set so that large steps run in pages of 2 MB instead of 4 KB, where that would change anything: on Linux, where
 * the system gives large pages to those who ask (`madvise`), and with glibc 2.35 or later, which asks when it is told to.
 */
export function largePagesAdvice({ platform, glibc, transparent, tunables }: PageSettings): string | undefined {
  if (platform !== 'linux' || glibc === undefined || !transparent?.includes('[madvise]')) return undefined;
  const [major = 0, minor = 0] = glibc.split('.').map(Number);
  if (major < 2 || (major === 2 && minor < 35) || tunables?.includes(TUNABLE)) return undefined;
  const value = tunables ? `${tunables}:${TUNABLE}=1` : `${TUNABLE}=1`;
  return `tfjs-backend-onnx: a compiled function works on more than 64 MB per call, in pages of 4 KB. Start the process with GLIBC_TUNABLES=${value} in its environment for pages of 2 MB: such functions then take up to half of the time. It is read when a process starts; see "Large pages" in the README`;
}

let isSaid = false;

/** Says so, once in a process. */
export function adviseLargePages(): void {
  if (isSaid) return;
  isSaid = true;
  const advice = largePagesAdvice(pageSettings());
  if (advice !== undefined) process.emitWarning(advice);
}

export function pageSettings(): PageSettings {
  const { platform, env } = process;
  if (platform !== 'linux') return { platform, glibc: undefined, transparent: undefined, tunables: undefined };
  let transparent: string | undefined;
  try {
    transparent = readFileSync(SWITCH, 'utf8');
  } catch {
    // A kernel without them.
  }
  return { platform, glibc: glibcVersion(), transparent, tunables: env['GLIBC_TUNABLES'] };
}

function glibcVersion(): string | undefined {
  const { report } = process as { report?: NodeJS.ProcessReport & { excludeNetwork?: boolean } };
  if (report === undefined) return undefined;
  // Without it, a report looks up the names of all open connections.
  const before = report.excludeNetwork;
  report.excludeNetwork = true;
  try {
    const { header } = report.getReport() as unknown as { header: { glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime;
  } finally {
    if (before !== undefined) report.excludeNetwork = before;
  }
}
