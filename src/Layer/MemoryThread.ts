/** The thread that measures the memory of the process. It imports nothing that needs memory itself. */
import { isMainThread, parentPort, workerData } from "node:worker_threads"

/** The state that the threads share. */
export interface Shared {
  /** The number of measurements in progress. */
  readonly watching: Int32Array<SharedArrayBuffer>
  /** The highest resident memory so far. **Unit**: bytes. */
  readonly peak: BigInt64Array<SharedArrayBuffer>
}

/** This module, which the thread runs. */
export const thread: string = import.meta.url

/** **Unit**: ms. */
const interval = 1

const measure = ({ watching, peak }: Shared): never => {
  for (;;) {
    const watchers = Atomics.load(watching, 0)
    if (watchers > 0) raise(peak, BigInt(process.memoryUsage.rss()))
    Atomics.wait(watching, 0, watchers, watchers > 0 ? interval : Infinity)
  }
}

/** Raises the peak, unless it is reset at the same time. */
const raise = (peak: Shared["peak"], seen: bigint) => {
  const before = Atomics.load(peak, 0)
  if (seen > before) Atomics.compareExchange(peak, 0, before, seen)
}

const isStart = (data: unknown): data is { readonly memory: Shared } =>
  typeof data === "object" && data !== null && "memory" in data

if (!isMainThread && isStart(workerData)) {
  parentPort?.postMessage("ready")
  measure(workerData.memory)
}
