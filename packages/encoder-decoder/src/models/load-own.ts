import { loadSavedModel, type ModelFiles, type NamedVariables } from '@crossmodal/core';

/**
 * A model of this package from its files, without its encoder, which is loaded before by the package of its modality.
 *
 * @param options.make the model by the options that it was saved with
 * @param options.variables those of its variables that its own file has
 */
export async function loadOwn<Model>(
  files: ModelFiles,
  {
    where,
    type,
    make,
    variables,
  }: {
    where: string;
    type: string;
    make: (options: Record<string, unknown>) => Model;
    variables: (model: Model) => NamedVariables;
  },
): Promise<Model> {
  const made = (options: Record<string, unknown>) => {
    const model = make(options);
    return { model, namedVariables: () => variables(model) };
  };
  return (await loadSavedModel(files, { [type]: made }, { where })).model;
}
