import type { InferenceSession, Tensor } from 'onnxruntime-common';
import type { EmittedModel } from '../emit/emit.js';
import type { ElementType, Numbers } from '../ir/graph.js';
import { loadOrt, type NativeSession, notSynchronous } from './binding.js';

export interface SessionOptions {
  threads: number;
  profile?: string;
}

/** Errors are thrown; ONNX Runtime need not print them as well. */
const SILENT = 4;

function publicOptions({ threads, profile }: SessionOptions): InferenceSession.SessionOptions {
  return {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'extended',
    logSeverityLevel: SILENT,
    ...(profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: profile }),
    // Threads wait actively for the next operator of a run, and stop when the run ends: the threads of sessions that are
    // not running would otherwise take the cores from the one that is. Values must be strings, whatever the
    // documentation of the options says.
    extra: { session: { intra_op: { allow_spinning: '1' }, force_spinning_stop: '1' } },
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

  run(feeds: Record<string, Tensor>, fetches: Record<string, Tensor | null>): Record<string, Tensor> {
    if (this.disposed) throw new Error('internal: session used after dispose');
    return this.native.run(feeds, fetches, { logSeverityLevel: SILENT });
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

/** Wraps numbers for ONNX Runtime without copying. */
export function ortTensor(numbers: Numbers, shape: readonly number[], type: ElementType): Tensor {
  const { Tensor } = loadOrt();
  return new Tensor(type as 'float32', numbers as Float32Array, shape);
}
