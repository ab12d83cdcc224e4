/**
 * Sizes at which another way becomes the faster one, each with what was measured, on two AVX-512 cores of a virtual
 * machine. They move with the machine; nothing but speed and memory depends on them. What formulations know of a machine
 * stands with them: `formulations/toom-cook-cost.ts`, `formulations/segment-sum.ts`, `passes/staged-reductions.ts`.
 */

/** Threads of ONNX Runtime at most, where nobody says. Not measured: no machine with more was at hand. */
export const MOST_THREADS = 16;

// ---------------------------------------------------------------- work on the host

/**
 * Numbers up to which a kernel is computed at once in JavaScript. Microseconds as a graph and on the host: ten elementwise
 * operations on 1,024 numbers 380 and 277, on 2,048 numbers 351 and 857; two products of 16x16 89 and 74, of 22x22 75
 * and 142.
 */
export const HOST_NUMBERS = 1024;

/**
 * Kernels with many operations per number (convolutions, pooling) are tiny up to this part of it. A 3x3 convolution and
 * relu of 8x8x4 numbers takes 160 microseconds as a graph and 79 on the host, of 8x8x8 numbers 181 and 227.
 */
export const HEAVY_SHARE = 4;

/**
 * The same while a function is followed to be compiled, where time does not count: numbers in the place of operations
 * make the graph larger. Not measured.
 */
export const HOST_NUMBERS_IN_TRACES = 32;

/** Ones and zeros from this size on become one number of the graph. To look at 1,024 numbers takes 4 microseconds. */
export const UNIFORM_NUMBERS = 1024;

// ---------------------------------------------------------------- sessions

/**
 * Numbers that a graph makes, those of products weighed with their length, up to which it runs on one thread. An estimate
 * from single operators: elementwise ones below 50,000 numbers run on one thread whatever is allowed.
 */
export const WORK_OF_ONE_THREAD = 200_000;

/**
 * Bytes of all results of a graph from which on it runs without a plan of its memory, which comes on top of what the
 * first run took: an audio network needed 3.8 instead of 1.1 GB, at the same speed (decision 11).
 */
export const PLANNED_BYTES = 2 ** 26;

/**
 * A run that ends by an exception (`run/uncopied.ts`) saves the copies of its results, half a millisecond per megabyte.
 * The exception takes as long as the copies of so many results, or of so many numbers (128 KB, 60 microseconds).
 */
export const MANY_RESULTS = 16;
export const MANY_NUMBERS = 2 ** 15;

// ---------------------------------------------------------------- weights as constants

/** Runs that find the same weights before a second session is built that has them as constants. An estimate. */
export const RUNS_BEFORE_PACKING = 2;

/** Numbers of all weights from which on that pays; the products of smaller ones take microseconds. An estimate. */
export const PACKED_NUMBERS = 2 ** 14;

/** Numbers of a variable from which on it is a constant only if products read it: tables of embeddings stay where they are. */
export const LARGE_TABLE = 2 ** 16;

/** Part of the machine's memory that weights in sessions may take in all. */
export const PACKED_SHARE = 1 / 4;

// ---------------------------------------------------------------- updates in WebAssembly

/**
 * Threads of ONNX Runtime up to which updates run in WebAssembly, on one thread. Adam on 737,000 weights takes 0.5 ms
 * there and 1.6 ms in ONNX Runtime with two threads, about six times as long in all its threads together; the bound is an
 * estimate from that (decision 10).
 */
export const UPDATE_THREADS = 8;

/** Operators of an update from which on it leaves the graph. With fewer ONNX Runtime is about as fast (decision 10). */
export const UPDATE_OPERATORS = 4;

/**
 * Numbers moved into a region from which on the memory that they leave is collected at once: 16 MiB. A collection takes
 * 5 to 40 ms, once per compiled function.
 */
export const COLLECTED_NUMBERS = 2 ** 22;

/**
 * Numbers in one WebAssembly memory at most, 2 GiB of the 4 that addresses reach. Adam takes seven per weight, so more than
 * 76 million weights have several memories; an update that none can hold is left to ONNX Runtime.
 */
export const REGION_NUMBERS = 2 ** 29;

/** Numbers in a line of the cache (64 bytes): each vector of a region begins at a multiple of it. */
export const LINE = 16;

// ---------------------------------------------------------------- passes

/**
 * Rows up to which matrix products with the same weights are merged into one, although what is merged must be copied. 32
 * steps of an LSTM have 66 products instead of 159; the bound itself was not measured.
 */
export const FEW_ROWS = 128;

/** Numbers below which an operator costs what its call costs. An estimate. */
export const SMALLEST_PRODUCT = 64;
