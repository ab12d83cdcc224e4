import { type Graph, type Node, sameShape, sizeOf, topological, type Value } from '../ir/graph.js';
import { mul } from '../ir/ops.js';
import { broadcastShapes } from '../ir/shapes.js';
import { SMALLEST_PRODUCT } from '../machine-thresholds.js';
import { rewrite } from './rewrite.js';

/**
 * Multiplies the factors of products in an order in which products have as many partial products in common as possible:
 * the pair of factors that saves most is multiplied first, then the next. Gradients are full of products of the same few
 * things in other orders: of a gate y = s t with s = sigmoid(x), tfjs computes (dy t) (s (1 - s)), which is
 * (dy y) (1 - s); layer normalisation and its gradients multiply four tensors pair by pair.
 *
 * Results differ by rounding, and where partial products are infinite or vanish.
 */
export function shareProducts(graph: Graph): Graph {
  const chains = chainsOf(graph);
  const before = chains.reduce((sum, { steps }) => sum + steps, 0);
  const pairs = sharePairs(chains);
  const after =
    [...pairs.keys()].reduce((sum, pair) => sum + pair.size, 0) + chains.reduce((sum, c) => sum + cost(c), 0);
  if (after >= before) return graph;

  const planned = new Map(chains.map((chain) => [chain.root, chain]));
  /** Values as they are after this pass. */
  const current = new Map<Value, Value>();
  const built = new Map<Factor, Value>();
  const written = (factor: Factor): Value => {
    if (factor.value !== undefined) return current.get(factor.value)!;
    let product = built.get(factor);
    if (product === undefined) {
      const [a, b] = pairs.get(factor)!;
      product = mul(written(a), written(b));
      built.set(factor, product);
    }
    return product;
  };
  return rewrite(graph, (node, inputs) => {
    node.inputs.forEach((value, i) => {
      if (value !== undefined) current.set(value, inputs[i]!);
    });
    const chain = planned.get(node.outputs[0]!);
    if (!chain?.shared) return undefined;
    const [first, ...others] = [...chain.factors].sort((a, b) => b.size - a.size).map(written);
    return [others.reduce(mul, first!)];
  });
}

/** Something that is multiplied: a value of the graph, or a product of two factors. */
interface Factor {
  readonly value: Value | undefined;
  readonly shape: readonly number[];
  readonly size: number;
  readonly id: number;
}

/** A product that something else than products reads, or that is broadcast, as the list of its factors. */
interface Chain {
  readonly root: Value;
  factors: Factor[];
  /** Elements that are computed for it alone, as it is written. */
  readonly steps: number;
  /** Whether a pair of its factors was replaced. */
  shared: boolean;
}

const cost = ({ root, factors }: Chain): number => (factors.length - 1) * sizeOf(root.shape);

const isProduct = ({ op, domain, outputs: [output] }: Node): boolean =>
  op === 'Mul' && domain === '' && output!.type === 'float32' && sizeOf(output!.shape) >= SMALLEST_PRODUCT;

/** Longer products are taken in parts. */
const MOST_FACTORS = 8;

function chainsOf(graph: Graph): Chain[] {
  const order = topological(graph.outputs);
  const read = new Set<Value>(graph.outputs);
  for (const node of order) {
    for (const input of node.inputs) {
      if (input === undefined) continue;
      if (!isProduct(node) || !sameShape(input.shape, node.outputs[0]!.shape)) read.add(input);
    }
  }
  const factors = new Map<Value, Factor>();
  const factorOf = (value: Value): Factor => {
    let factor = factors.get(value);
    if (factor === undefined) {
      factor = { value, shape: value.shape, size: sizeOf(value.shape), id: factors.size };
      factors.set(value, factor);
    }
    return factor;
  };
  /** Products that are only read by products, as factors and the elements that are computed for them. */
  const open = new Map<Value, { factors: Factor[]; steps: number }>();
  const counted = new Set<Value>();
  const chains: Chain[] = [];
  for (const node of order) {
    if (!isProduct(node)) continue;
    const root = node.outputs[0]!;
    const parts = node.inputs.map((input) => open.get(input!) ?? { factors: [factorOf(input!)], steps: 0 });
    const list = parts.flatMap((part) => part.factors);
    if (list.length > MOST_FACTORS) {
      // Taken as it is; what it reads must be there.
      for (const input of node.inputs) close(input!);
      continue;
    }
    // What several products share is computed once.
    const steps = node.inputs.reduce((sum, input) => {
      const part = open.get(input!);
      if (part === undefined || counted.has(input!)) return sum;
      counted.add(input!);
      return sum + part.steps;
    }, sizeOf(root.shape));
    if (read.has(root)) chains.push({ root, factors: list, steps, shared: false });
    else open.set(root, { factors: list, steps });
  }
  return chains;

  /** Makes a product that was to be part of others a product of its own. */
  function close(value: Value): void {
    const part = open.get(value);
    if (part === undefined) return;
    open.delete(value);
    const steps = counted.has(value) ? 0 : part.steps;
    chains.push({ root: value, factors: part.factors, steps, shared: false });
  }
}

/** Replaces pairs of factors by their products, the pair that saves most first, and returns the products. */
function sharePairs(chains: readonly Chain[]): Map<Factor, readonly [Factor, Factor]> {
  const pairs = new Map<Factor, readonly [Factor, Factor]>();
  const where = new Map<string, Pair>();
  /** Those that save something. */
  const candidates = new Set<Pair>();
  const keyOf = (a: Factor, b: Factor): string => (a.id < b.id ? `${a.id} ${b.id}` : `${b.id} ${a.id}`);
  const note = (chain: Chain): void => {
    forPairs(chain.factors, (a, b) => {
      const key = keyOf(a, b);
      const pair = where.get(key) ?? { a, b, chains: new Set<Chain>() };
      pair.chains.add(chain);
      where.set(key, pair);
      if (gainOf(pair) > 0) candidates.add(pair);
    });
  };
  const forget = (chain: Chain): void => {
    forPairs(chain.factors, (a, b) => {
      const pair = where.get(keyOf(a, b))!;
      pair.chains.delete(chain);
      if (gainOf(pair) <= 0) candidates.delete(pair);
    });
  };
  for (const chain of chains) note(chain);
  let next = 1 + chains.reduce((most, { factors }) => Math.max(most, ...factors.map(({ id }) => id)), 0);
  for (;;) {
    let best: Pair | undefined;
    let most = 0;
    for (const pair of candidates) {
      const gain = gainOf(pair);
      if (gain > most) [best, most] = [pair, gain];
    }
    if (best === undefined) return pairs;
    const { a, b } = best;
    const shape = broadcastShapes(a.shape, b.shape);
    const product: Factor = { value: undefined, shape, size: sizeOf(shape), id: next++ };
    pairs.set(product, [a, b]);
    for (const chain of [...best.chains]) {
      forget(chain);
      chain.factors.splice(chain.factors.indexOf(a), 1);
      chain.factors.splice(chain.factors.indexOf(b), 1);
      chain.factors.push(product);
      chain.shared = true;
      note(chain);
    }
  }
}

/** Two factors, and the products that have both. */
interface Pair {
  readonly a: Factor;
  readonly b: Factor;
  readonly chains: Set<Chain>;
}

/** Elements that need not be computed when the pair is multiplied once, for all. */
function gainOf({ a, b, chains }: Pair): number {
  let saved = -sizeOf(broadcastShapes(a.shape, b.shape));
  for (const { root } of chains) saved += sizeOf(root.shape);
  return saved;
}

function forPairs(factors: readonly Factor[], f: (a: Factor, b: Factor) => void): void {
  for (let i = 0; i < factors.length; i++) for (let j = i + 1; j < factors.length; j++) f(factors[i]!, factors[j]!);
}
