import { CrossmodalError } from '../../errors.js';
import { dtypeBits, type SafetensorsDtype } from '../../safetensors/dtypes.js';
import type { StoredTensor } from '../../safetensors/values.js';
import type { ModelFile } from '../model-files.js';
import type { StoredWeights } from '../weight-reader.js';
import { legacyMagic, type PickleCalls, PickleGlobal, PickleReference, readPickle } from './pickle.js';
import { zipEntries } from './zip-entries.js';

/** Types of torch's storages. */
const storageTypes: Readonly<Record<string, SafetensorsDtype>> = {
  'torch.FloatStorage': 'F32',
  'torch.DoubleStorage': 'F64',
  'torch.HalfStorage': 'F16',
  'torch.BFloat16Storage': 'BF16',
  'torch.LongStorage': 'I64',
  'torch.IntStorage': 'I32',
  'torch.ShortStorage': 'I16',
  'torch.CharStorage': 'I8',
  'torch.ByteStorage': 'U8',
  'torch.BoolStorage': 'BOOL',
};

interface Storage {
  key: string;
  dtype: SafetensorsDtype;
}

/** A tensor as the pickle describes it: a view of a storage. */
class View {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** A pickle of the names of a large model's tensors has a few megabytes. */
const pickleLimit = 64 * 2 ** 20;

function callsOf(label: string): PickleCalls {
  const refuse = (): never => {
    throw new CrossmodalError(`${label}: not a checkpoint that can be read: a tensor is described wrongly`);
  };
  const counts = (value: unknown): readonly number[] =>
    Array.isArray(value) && value.every((v) => Number.isSafeInteger(v) && v >= 0) ? (value as number[]) : refuse();
  return {
    'collections.OrderedDict': (args) =>
      new Map(((args[0] as unknown[][] | undefined) ?? []).map((pair) => [pair[0], pair[1]] as const)),
    'torch._utils._rebuild_tensor_v2'([reference, offset, shape, strides]) {
      const id = reference instanceof PickleReference ? reference.id : undefined;
      if (!Array.isArray(id) || id[0] !== 'storage' || !(id[1] instanceof PickleGlobal)) return refuse();
      const dtype = storageTypes[id[1].name];
      if (!dtype) throw new CrossmodalError(`${label}: tensors of ${id[1].name} are not supported`);
      return new View({ key: String(id[2]), dtype }, counts([offset])[0]!, counts(shape), counts(strides));
    },
    'torch._utils._rebuild_parameter': ([value]) => value,
    'torch.Size': ([value]) => value,
  };
}

/**
 * The tensors of a checkpoint of PyTorch (`.pt`, `.pth`, `.bin`; zip and the older form), read one at a time. The pickle in it
 * is read by a reader that can build tensors and nothing else. A dictionary within, `state_dict` or `model`, is taken for the weights.
 *
 * @throws CrossmodalError when it wants to run anything, is cut short, or holds no tensors
 * @see torch.save
 * @example
 * const weights = await torchWeights((await openFolder('models/net')).get('net.pth')!);
 */
export async function torchWeights(file: ModelFile): Promise<StoredWeights> {
  const start = await file.read(0, Math.min(4, file.size));
  const isZip = start[0] === 0x50 && start[1] === 0x4b;
  const { value, read } = isZip ? await zipped(file) : await legacy(file);
  const views = new Map<string, View>();
  for (const [name, view] of weightsIn(value))
    if (typeof name === 'string' && view instanceof View) views.set(name, view);
  if (views.size === 0) throw new CrossmodalError(`${file.label}: it holds no tensors by name`);
  const entries = new Map([...views].map(([name, { shape, storage }]) => [name, { shape, dtype: storage.dtype }]));
  return {
    label: file.label,
    entries,
    async read(name) {
      const view = views.get(name);
      if (!view) throw new CrossmodalError(`${file.label}: there is no tensor '${name}'`);
      return tensorOf(file, name, view, read);
    },
  };
}

function weightsIn(value: unknown): Map<unknown, unknown> {
  if (!(value instanceof Map)) return new Map();
  for (const key of ['state_dict', 'model', 'model_state_dict']) {
    const inner = value.get(key);
    if (inner instanceof Map && [...inner.values()].some((entry) => entry instanceof View)) return inner;
  }
  return value;
}

/** Reads a range of a storage's bytes. */
type ReadStorage = (key: string, begin: number, end: number) => Promise<Uint8Array>;

async function zipped(file: ModelFile): Promise<{ value: unknown; read: ReadStorage }> {
  const entries = await zipEntries(file);
  const pickleName = [...entries.keys()].find((name) => name.endsWith('/data.pkl') || name === 'data.pkl');
  const pickle = pickleName === undefined ? undefined : entries.get(pickleName)!;
  if (!pickle || pickle.size > pickleLimit)
    throw new CrossmodalError(`${file.label}: it has no data.pkl of reasonable size`);
  const bytes = await file.read(pickle.begin, pickle.begin + pickle.size);
  const { value } = readPickle(bytes, { calls: callsOf(file.label), label: file.label });
  const folder = pickleName!.slice(0, -'data.pkl'.length);
  const order = entries.get(`${folder}byteorder`);
  if (order && new TextDecoder().decode(await file.read(order.begin, order.begin + order.size)) !== 'little') {
    throw new CrossmodalError(`${file.label}: its numbers are not little endian`);
  }
  return {
    value,
    read(key, begin, end) {
      const entry = entries.get(`${folder}data/${key}`);
      if (!entry || end > entry.size)
        throw new CrossmodalError(`${file.label}: storage ${key} is missing or too short`);
      return file.read(entry.begin + begin, entry.begin + end);
    },
  };
}

/** Four pickles (a magic number, a version, the system, the value), one with the keys, then each storage behind its length. */
async function legacy(file: ModelFile): Promise<{ value: unknown; read: ReadStorage }> {
  const { label } = file;
  const head = await file.read(0, Math.min(file.size, pickleLimit));
  const calls = callsOf(label);
  const next = (begin: number) => readPickle(head, { calls, label, begin });
  const magic = next(0);
  if (magic.value !== legacyMagic)
    throw new CrossmodalError(`${label}: it is neither a zip file nor an older checkpoint of torch`);
  const version = next(magic.end);
  const system = next(version.end);
  const value = next(system.end);
  const keys = next(value.end);
  if (!Array.isArray(keys.value)) throw new CrossmodalError(`${label}: it names no storages`);
  const sizes = new Map<string, SafetensorsDtype>();
  collect(value.value, sizes);
  const places = new Map<string, { begin: number; end: number }>();
  let at = keys.end;
  for (const key of keys.value.map(String)) {
    if (at + 8 > file.size) throw new CrossmodalError(`${label}: storage ${key} is cut short`);
    const dtype = sizes.get(key) ?? 'F32';
    const count = new DataView((await file.read(at, at + 8)).slice().buffer).getBigInt64(0, true);
    const size = Number(count) * (dtypeBits[dtype] / 8);
    if (count < 0n || at + 8 + size > file.size) throw new CrossmodalError(`${label}: storage ${key} is cut short`);
    places.set(key, { begin: at + 8, end: at + 8 + size });
    at += 8 + size;
  }
  return {
    value: value.value,
    read(key, begin, end) {
      const place = places.get(key);
      if (!place || place.begin + end > place.end)
        throw new CrossmodalError(`${label}: storage ${key} is missing or too short`);
      return file.read(place.begin + begin, place.begin + end);
    },
  };
}

function collect(value: unknown, sizes: Map<string, SafetensorsDtype>): void {
  if (value instanceof View) sizes.set(value.storage.key, value.storage.dtype);
  else if (value instanceof Map) for (const inner of value.values()) collect(inner, sizes);
  else if (Array.isArray(value)) for (const inner of value) collect(inner, sizes);
}

/** A tensor's bytes, row-major, whatever its strides. */
async function tensorOf(file: ModelFile, name: string, view: View, read: ReadStorage): Promise<StoredTensor> {
  const { shape, strides, offset, storage } = view;
  const width = dtypeBits[storage.dtype] / 8;
  if (strides.length !== shape.length)
    throw new CrossmodalError(`${file.label}: tensor '${name}' has other strides than axes`);
  const count = shape.reduce((a, b) => a * b, 1);
  if (count === 0) return { dtype: storage.dtype, shape, bytes: new Uint8Array(0) };
  const last = shape.reduce((sum, size, axis) => sum + (size - 1) * strides[axis]!, offset);
  const source = await read(storage.key, offset * width, (last + 1) * width);
  let expected = 1;
  let isPlain = true;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis]! > 1 && strides[axis] !== expected) isPlain = false;
    expected *= shape[axis]!;
  }
  if (isPlain) return { dtype: storage.dtype, shape, bytes: source };
  const bytes = new Uint8Array(count * width);
  const place = new Array<number>(shape.length).fill(0);
  for (let i = 0, from = 0; i < count; i++) {
    bytes.set(source.subarray(from * width, (from + 1) * width), i * width);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++place[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      place[axis] = 0;
    }
  }
  return { dtype: storage.dtype, shape, bytes };
}
