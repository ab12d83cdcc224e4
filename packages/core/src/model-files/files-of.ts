import type { ModelFiles } from './model-files.js';

/**
 * The files of a model: of its folder, when a path is given, which needs Node.
 *
 * @throws CrossmodalError when the folder cannot be read, or holds a link out of it
 */
export async function filesOf(source: string | ModelFiles): Promise<ModelFiles> {
  if (typeof source !== 'string') return source;
  // The door that touches folders is named at run time only, so that what loads models bundles for a browser.
  const door = ['@crossmodal/core', 'models'].join('/');
  const { openFolder } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ door)) as {
    openFolder(path: string): Promise<ModelFiles>;
  };
  return openFolder(source);
}
