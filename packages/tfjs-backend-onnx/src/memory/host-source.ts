import type { InputSource, Numbers } from '../ir/graph.js';

/** A graph input whose numbers are on the host. Nobody writes them any more. */
export class HostSource implements InputSource {
  readonly kind = 'input';
  constructor(readonly numbers: Numbers) {}
}
