import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { EmittedModel } from '../emit/emit.js';
import { type ElementType, type Numbers, newNumbers, sizeOf, type Value } from '../ir/graph.js';
import { loadOrt, type NativeSession, notSynchronous } from './binding.js';
import { endsUncopied } from './uncopied.js';

export interface SessionOptions {
  threads: number;
  memory: Memory;
  /** The weights are constants of the graph: ONNX Runtime packs them for its kernels once, and chooses memory orders. */
  packs?: boolean;
  profile?: string;
}

/**
 * What becomes of the memory of intermediate results.
 * - `returned`: to the system, as soon as nothing reads them. For graphs that run now and then.
 * - `kept`: for the next run, which saves the system the work of handing out clean pages.
 * - `planned`: kept, and from the second run on all of it in one block laid out in advance. The fastest for small
 *   results, but the memory of the first run stays as well.
 */
export type Memory = 'returned' | 'kept' | 'planned';

/** Errors are thrown; ONNX Runtime need not print them as well. */
const SILENT = 4;

/** Transposes are placed by the passes; ONNX Runtime would make one slow one again of two fast ones. */
const OWN_WORK = ['TransposeOptimizer', 'TransposeOptimizer_CPUExecutionProvider'];

function publicOptions({ threads, memory, packs = false, profile }: SessionOptions): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: memory !== 'returned',
    enableMemPattern: memory === 'planned',
    graphOptimizationLevel: packs ? 'all' : 'extended',
    logSeverityLevel: SILENT,
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    // Threads wait actively for the next operator of a run, and stop when the run ends: the threads of sessions that are
    // not running would otherwise take the cores from the one that is. Values must be strings, whatever the
    // documentation of the options says.
    extra: {
      optimization: { disable_specified_optimizers: OWN_WORK.join(';') },
      session: { intra_op: { allow_spinning: '1' }, force_spinning_stop: '1' },
    },
  };
}

/** A loaded graph. `run` is synchronous. */
export class Session {
  readonly model: Omit<EmittedModel, 'bytes'>;
  private readonly native: NativeSession;
  private disposed = false;

  constructor({ bytes, ...model }: EmittedModel, options: SessionOptions) {
    const { createSession } = loadOrt();
    if (createSession === undefined) throw notSynchronous();
    this.model = model;
    this.native = createSession();
    this.native.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, publicOptions(options));
  }

  /** Writes the results into the memory of the fetches. */
  run(feeds: Record<string, Tensor>, fetches: Record<string, Tensor>): void {
    if (this.disposed) throw new Error('internal: session used after dispose');
    const { stop } = this.model;
    try {
      this.native.run(feeds, stop === undefined ? fetches : { ...fetches, [stop]: null }, { logSeverityLevel: SILENT });
    } catch (error) {
      if (stop === undefined || !endsUncopied(error)) throw error;
    }
  }

  endProfiling(): void {
    this.native.endProfiling();
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.native.dispose();
  }
}

/** A loaded graph behind ONNX Runtime's public interface. */
export class AsyncSession {
  private constructor(private readonly session: InferenceSession) {}

  static async create({ bytes }: EmittedModel, options: SessionOptions): Promise<AsyncSession> {
    return new AsyncSession(await loadOrt().createPublicSession(bytes, publicOptions(options)));
  }

  async run(feeds: Record<string, Tensor>, outputs: readonly string[]): Promise<Record<string, Tensor>> {
    return (await this.session.run(feeds, [...outputs], { logSeverityLevel: SILENT })) as Record<string, Tensor>;
  }

  dispose(): void {
    void this.session.release();
  }
}

/** Fresh memory for the result of a run. */
export function resultTensor({ shape, type }: Pick<Value, 'shape' | 'type'>): Tensor {
  return ortTensor(newNumbers(sizeOf(shape), type), shape, type);
}

/** Wraps numbers for ONNX Runtime without copying. */
export function ortTensor(numbers: Numbers, shape: readonly number[], type: ElementType): Tensor {
  const { Tensor } = loadOrt();
  return new Tensor(type as 'float32', numbers as Float32Array, shape);
}
