/**
 * What all threads of an A3C training see: parameters, RMSprop's statistics and counters.
 *
 * Counters are integers changed by `Atomics` alone. Parameters and statistics are written without a
 * lock (Hogwild): two workers that write an element at once may lose one of the two changes, and a
 * reader may see some elements before and some after an update. Single elements are never torn, since
 * aligned 32-bit floats are stored by one instruction. What is lost is small against what gradients
 * differ by anyway, and no worker that dies can leave a lock behind.
 *
 * @see Recht et al. 2011, "Hogwild!", arXiv:1106.5730
 * @module
 */

/** Places in `counters`. */
export const counter = {
  /** Environment steps of all workers. */
  steps: 0,
  /** Updates of the parameters. */
  updates: 1,
  episodes: 2,
  /** 1: workers end after the segment at hand. */
  stop: 3,
  /** Sum of updates by others between a worker's read and its write. Wraps around at 2^32. */
  staleness: 4,
} as const;

/** Places in a worker's part of `workers`. */
export const workerCounter = {
  /** Changes whenever the worker makes progress. */
  heartbeat: 0,
  steps: 1,
  updates: 2,
  episodes: 3,
  /** Largest staleness of an update. */
  maxStaleness: 4,
} as const;
const workerCounters = 5;

/** Places in a worker's part of `losses`: those of its last update. */
export const lossIndex = { loss: 0, policyLoss: 1, valueLoss: 2, entropy: 3 } as const;
const lossCount = 4;

/** Ended episodes that are remembered; the means are over the last 100. */
const rememberedEpisodes = 128;

/** Plain data that is posted to workers; all buffers are shared. */
export interface SharedMemory {
  readonly parameters: Float32Array;
  readonly meanSquare: Float32Array;
  readonly counters: Int32Array;
  /** [workers, 5]. */
  readonly workers: Int32Array;
  /** [workers, 4]. */
  readonly losses: Float32Array;
  /** Rings of the last episodes' returns and lengths. */
  readonly episodeReturns: Float32Array;
  readonly episodeLengths: Float32Array;
}

const floats = (n: number) => new Float32Array(new SharedArrayBuffer(4 * n));
const integers = (n: number) => new Int32Array(new SharedArrayBuffer(4 * n));

/** Zeros for a network of `parameters` numbers. */
export function allocateSharedMemory(parameters: number, workers: number): SharedMemory {
  return {
    parameters: floats(parameters),
    meanSquare: floats(parameters),
    counters: integers(Object.keys(counter).length),
    workers: integers(workers * workerCounters),
    losses: floats(workers * lossCount),
    episodeReturns: floats(rememberedEpisodes),
    episodeLengths: floats(rememberedEpisodes),
  };
}

/** The counters of worker `index`. */
export function workerView(memory: SharedMemory, index: number): Int32Array {
  return memory.workers.subarray(index * workerCounters, (index + 1) * workerCounters);
}

/** The last losses of worker `index`. */
export function lossView(memory: SharedMemory, index: number): Float32Array {
  return memory.losses.subarray(index * lossCount, (index + 1) * lossCount);
}

/** Notes an episode that ended. */
export function recordEpisode(memory: SharedMemory, episodeReturn: number, length: number): void {
  const at = Atomics.add(memory.counters, counter.episodes, 1) % rememberedEpisodes;
  memory.episodeReturns[at] = episodeReturn;
  memory.episodeLengths[at] = length;
}

/** Mean return and length of the last 100 episodes; NaN before the first. */
export function recentEpisodes(memory: SharedMemory): { meanReturn: number; meanLength: number } {
  const ended = Atomics.load(memory.counters, counter.episodes);
  const n = Math.min(ended, 100);
  let returns = 0, lengths = 0;
  for (let i = ended - n; i < ended; i++) {
    returns += memory.episodeReturns[i % rememberedEpisodes];
    lengths += memory.episodeLengths[i % rememberedEpisodes];
  }
  return { meanReturn: returns / n, meanLength: lengths / n };
}

/**
 * One step of RMSprop on parameters and statistics that others change at the same time, epsilon inside
 * the root as in the A3C paper and TensorFlow.
 *
 * @see Mnih et al. 2016, arXiv:1602.01783, section 4 ("Shared RMSProp")
 */
export function applySharedRmsprop(
  memory: { parameters: Float32Array; meanSquare: Float32Array },
  gradient: Float32Array,
  options: { learningRate: number; decay: number; epsilon: number },
): void {
  const { parameters, meanSquare } = memory;
  const { learningRate, decay, epsilon } = options;
  const take = 1 - decay;
  for (let i = 0; i < gradient.length; i++) {
    const g = gradient[i];
    const m = decay * meanSquare[i] + take * g * g;
    meanSquare[i] = m;
    parameters[i] -= learningRate * g / Math.sqrt(m + epsilon);
  }
}
