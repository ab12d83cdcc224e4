import { type Graph, type Node, setOrigin, topological, type Value, withInputs } from '../ir/graph.js';

/**
 * Rebuilds a graph node by node, inputs first. `f` gets a node and its rewritten inputs and returns replacements for
 * the node's outputs, or undefined to keep the node. Nodes that nothing depends on any more are gone afterwards.
 */
export function rewrite(
  graph: Graph,
  f: (node: Node, inputs: readonly (Value | undefined)[]) => readonly Value[] | undefined,
): Graph {
  const replaced = new Map<Value, Value>();
  const current = (value: Value | undefined): Value | undefined =>
    value === undefined ? undefined : (replaced.get(value) ?? value);
  let changed = false;
  for (const node of topological(graph.outputs)) {
    const inputs = node.inputs.map(current);
    setOrigin(node.origin);
    let outputs = f(node, inputs);
    if (outputs === undefined && inputs.some((input, i) => input !== node.inputs[i]))
      outputs = withInputs(node, inputs).outputs;
    if (outputs === undefined) continue;
    outputs.forEach((value, i) => {
      if (value === node.outputs[i]) return;
      replaced.set(node.outputs[i]!, value);
      changed = true;
    });
  }
  setOrigin('');
  return changed ? { outputs: graph.outputs.map((value) => current(value)!) } : graph;
}

/** How many nodes and outputs of the graph read each value. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const count = (value: Value | undefined) => {
    if (value !== undefined) uses.set(value, (uses.get(value) ?? 0) + 1);
  };
  for (const node of topological(graph.outputs)) node.inputs.forEach(count);
  graph.outputs.forEach(count);
  return uses;
}

/** Which nodes read each value; null stands for an output of the graph. */
export function consumersOf(graph: Graph): Map<Value, (Node | null)[]> {
  const consumers = new Map<Value, (Node | null)[]>();
  const note = (value: Value | undefined, node: Node | null) => {
    if (value === undefined) return;
    const list = consumers.get(value);
    if (list === undefined) consumers.set(value, [node]);
    else list.push(node);
  };
  for (const node of topological(graph.outputs)) for (const input of node.inputs) note(input, node);
  for (const output of graph.outputs) note(output, null);
  return consumers;
}
