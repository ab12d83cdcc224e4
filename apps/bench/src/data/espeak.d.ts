declare module 'espeak-ng' {
  interface EspeakModule {
    FS: { readFile(path: string): Uint8Array; writeFile(path: string, data: string): void };
  }
  interface EspeakOptions {
    arguments: string[];
    preRun?: ((module: EspeakModule) => void)[];
    print?: (line: string) => void;
    printErr?: (line: string) => void;
    instantiateWasm?: (
      imports: WebAssembly.Imports,
      receive: (instance: WebAssembly.Instance, module: WebAssembly.Module) => void,
    ) => object;
  }
  const createEspeak: (options: EspeakOptions) => Promise<EspeakModule>;
  // biome-ignore lint/style/noDefaultExport: the package has no other
  export default createEspeak;
}

// The part of WebAssembly that we use; the types of Node 20 have the names only.
declare namespace WebAssembly {
  function compile(bytes: Uint8Array): Promise<Module>;
  function instantiate(module: Module, imports: Imports): Promise<Instance>;
}
