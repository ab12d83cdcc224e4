import { type Graph, topological, type Value } from '../src/ir/graph.js';

/** A graph as text: one line per node, with the tfjs kernel that it was recorded for. */
export function describeGraph(graph: Graph): string {
  const order = topological(graph.outputs);
  const ids = new Map(order.map((node, i) => [node, i]));
  const name = (value: Value | undefined) =>
    value === undefined ? '-' : `%${ids.get(value.node)}${value.index === 0 ? '' : `.${value.index}`}`;
  const lines = order.map(({ op, domain, inputs, attrs, outputs, origin }, i) => {
    const types = outputs.map(({ type, shape }) => `${type}[${shape.join(',')}]`).join(' ');
    const settings = Object.entries(attrs).filter(([, value]) => value !== undefined);
    const details = settings.map(([key, value]) => ` ${key}=${JSON.stringify(value)}`).join('');
    const operator = domain === '' ? op : `${domain}.${op}`;
    return `%${i} ${types} = ${operator}(${inputs.map(name).join(', ')})${details}${origin === '' ? '' : `  # ${origin}`}`;
  });
  return [...lines, `outputs: ${graph.outputs.map(name).join(', ')}`].join('\n');
}
