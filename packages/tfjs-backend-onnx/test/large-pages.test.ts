import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { largePagesAdvice, type PageSettings, pageSettings } from '../src/run/large-pages.js';

const small: PageSettings = {
  platform: 'linux',
  glibc: '2.36',
  transparent: 'always [madvise] never\n',
  tunables: undefined,
};

describe('advice on large pages', () => {
  it('says what to set and what it gains', () => {
    expect(largePagesAdvice(small)).toMatch(/GLIBC_TUNABLES=glibc\.malloc\.hugetlb=1 .* half of the time/);
  });

  it('keeps what is set already', () => {
    expect(largePagesAdvice({ ...small, tunables: 'glibc.malloc.tcache_count=0' })).toContain(
      'GLIBC_TUNABLES=glibc.malloc.tcache_count=0:glibc.malloc.hugetlb=1 ',
    );
  });

  it.each<[string, Partial<PageSettings>]>([
    ['they are set', { tunables: 'glibc.malloc.hugetlb=1' }],
    ['they were switched off on purpose', { tunables: 'glibc.malloc.hugetlb=0' }],
    ['everybody gets them', { transparent: '[always] madvise never\n' }],
    ['nobody gets them', { transparent: 'always madvise [never]\n' }],
    ['the kernel has none', { transparent: undefined }],
    ['the C library is another one', { glibc: undefined }],
    ['the C library is older', { glibc: '2.34' }],
    ['the system is another one', { platform: 'darwin' }],
  ])('is silent where %s', (_, settings) => {
    expect(largePagesAdvice({ ...small, ...settings })).toBeUndefined();
  });

  const program = fileURLToPath(new URL('large-step.ts', import.meta.url));
  const said = (tunables: string) =>
    spawnSync(process.execPath, ['--conditions=@crossmodal/source', '--import', 'tsx', program], {
      env: { ...process.env, GLIBC_TUNABLES: tunables },
      encoding: 'utf8',
    }).stderr;

  it('is given once, by functions of large steps alone, and only where it would change something', () => {
    const [small, large] = said('').split('done with 1 MB');
    expect(large).toContain('done with 68 MB');
    expect(small).not.toContain('GLIBC_TUNABLES');
    const isNeeded = largePagesAdvice({ ...pageSettings(), tunables: undefined }) !== undefined;
    expect(large!.split('GLIBC_TUNABLES=').length - 1).toBe(isNeeded ? 1 : 0);
    const set = said('glibc.malloc.hugetlb=1');
    expect(set).toContain('done with 68 MB');
    expect(set).not.toContain('GLIBC_TUNABLES');
  }, 60_000);
});
