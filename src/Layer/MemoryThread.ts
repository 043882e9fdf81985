/** The thread that looks at the memory of the process while it is watched. It imports nothing that takes any itself. */
import { isMainThread, parentPort, workerData } from "node:worker_threads"

/** What the threads share. */
export interface Shared {
  /** How many watch. */
  readonly watching: Int32Array<SharedArrayBuffer>
  /** The most resident memory that was seen. **Unit**: bytes. */
  readonly peak: BigInt64Array<SharedArrayBuffer>
}

/** This module, which the thread runs. */
export const thread: string = import.meta.url

/** **Unit**: ms. */
const pause = 1

const look = ({ watching, peak }: Shared): never => {
  for (;;) {
    const watchers = Atomics.load(watching, 0)
    if (watchers > 0) raise(peak, BigInt(process.memoryUsage.rss()))
    Atomics.wait(watching, 0, watchers, watchers > 0 ? pause : Infinity)
  }
}

/** A peak that is reset at the same time stays reset. */
const raise = (peak: Shared["peak"], seen: bigint) => {
  const before = Atomics.load(peak, 0)
  if (seen > before) Atomics.compareExchange(peak, 0, before, seen)
}

const isStart = (data: unknown): data is { readonly memory: Shared } =>
  typeof data === "object" && data !== null && "memory" in data

if (!isMainThread && isStart(workerData)) {
  parentPort?.postMessage("ready")
  look(workerData.memory)
}
