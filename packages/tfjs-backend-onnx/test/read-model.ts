import protobuf from 'protobufjs/light.js';

/** The part of onnx.proto that says what a file is made of, with field numbers from the standard. */
const schema = {
  nested: {
    Attribute: { fields: { name: { type: 'string', id: 1 }, g: { type: 'Graph', id: 6 } } },
    Node: {
      fields: {
        opType: { type: 'string', id: 4 },
        attribute: { rule: 'repeated', type: 'Attribute', id: 5 },
        domain: { type: 'string', id: 7 },
      },
    },
    Dimension: { fields: { dimValue: { type: 'int32', id: 1 }, dimParam: { type: 'string', id: 2 } } },
    Shape: { fields: { dim: { rule: 'repeated', type: 'Dimension', id: 1 } } },
    TensorType: { fields: { elemType: { type: 'int32', id: 1 }, shape: { type: 'Shape', id: 2 } } },
    Type: { fields: { tensorType: { type: 'TensorType', id: 1 } } },
    Value: { fields: { name: { type: 'string', id: 1 }, type: { type: 'Type', id: 2 } } },
    Graph: {
      fields: {
        node: { rule: 'repeated', type: 'Node', id: 1 },
        input: { rule: 'repeated', type: 'Value', id: 11 },
        output: { rule: 'repeated', type: 'Value', id: 12 },
      },
    },
    OperatorSet: { fields: { domain: { type: 'string', id: 1 }, version: { type: 'int32', id: 2 } } },
    Model: {
      fields: {
        irVersion: { type: 'int32', id: 1 },
        graph: { type: 'Graph', id: 7 },
        opsetImport: { rule: 'repeated', type: 'OperatorSet', id: 8 },
      },
    },
  },
};

interface Value {
  name: string;
  type: { tensorType: { elemType: number; shape: { dim: { dimValue: number; dimParam: string }[] } } };
}
interface Model {
  irVersion: number;
  graph: { node: { opType: string; domain: string; attribute: { name: string }[] }[]; input: Value[]; output: Value[] };
  opsetImport: { domain: string; version: number }[];
}

/** ONNX's numbers of element types. */
const types: Record<number, string> = { 1: 'float32', 6: 'int32', 7: 'int64', 9: 'bool' };

/** What an ONNX file declares: operator sets, operators with their domains, inputs and outputs as `name: type[dims]`. */
export function readModel(bytes: Uint8Array) {
  const { graph, opsetImport, irVersion } = protobuf.Root.fromJSON(schema)
    .lookupType('Model')
    .decode(bytes) as never as Model;
  const describe = ({ name, type: { tensorType } }: Value) => {
    const dims = tensorType.shape.dim.map(({ dimValue, dimParam }) => dimParam || dimValue);
    return `${name}: ${types[tensorType.elemType] ?? tensorType.elemType}[${dims.join(',')}]`;
  };
  return {
    irVersion,
    operatorSets: opsetImport.map(({ domain, version }) => `${domain || 'ai.onnx'} ${version}`),
    operators: graph.node.map(({ opType, domain }) => (domain ? `${domain}.${opType}` : opType)),
    inputs: graph.input.map(describe),
    outputs: graph.output.map(describe),
  };
}
