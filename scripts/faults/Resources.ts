/** Counts what a run may leave behind: tensors, running fibers, open files and timers. */
import { readdirSync, readlinkSync } from "node:fs"
import { Effect, Metric } from "effect"
import { tf } from "../../src/Tensor/Tensor.ts"

let running = 0

/** Counts the fibers that an effect and its descendants fork, also detached ones. */
export const counted = Effect.provideService(Metric.FiberRuntimeMetrics, {
  recordFiberStart: () => void running++,
  recordFiberEnd: () => void running--
})

/** Unit: the number of each. `files` are the paths of the open ones, undefined where the system has no /proc. */
export interface Resources {
  readonly tensors: number
  readonly fibers: number
  readonly files: ReadonlyArray<string> | undefined
  readonly timers: number
}

export const now = (): Resources => ({
  tensors: tf.engine().state.numTensors, // memory() needs a backend
  fibers: running,
  files: openFiles(),
  timers: process.getActiveResourcesInfo().filter((name) => name === "Timeout").length
})

/** Lists what `after` has and `before` has not, in words. Timers of the caller itself come and go: they are compared at the end of the script. */
export const left = (before: Resources, after: Resources): ReadonlyArray<string> => {
  const files = (after.files ?? []).filter((file) => !before.files?.includes(file))
  return [
    ...(after.tensors === before.tensors ? [] : [`${after.tensors - before.tensors} tensors are left`]),
    ...(after.fibers <= before.fibers ? [] : [`${after.fibers - before.fibers} fibers are left`]),
    ...files.map((file) => `${file} is still open`)
  ]
}

/** Waits until nothing is left, for at most `limit` ms, and lists what is left then. */
export const settled = Effect.fnUntraced(function* (before: Resources, limit: number) {
  const began = performance.now()
  while (left(before, now()).length > 0 && performance.now() - began < limit) yield* Effect.sleep(5)
  return left(before, now())
})

const folder = "/proc/self/fd"

/** The open regular files; a descriptor that closes meanwhile is none. */
const openFiles = (): ReadonlyArray<string> | undefined => {
  try {
    return readdirSync(folder).flatMap((descriptor) => {
      try {
        const path = readlinkSync(`${folder}/${descriptor}`)
        return path.startsWith("/") && (path.startsWith("/dev/shm/") || !path.startsWith("/dev/")) && !path.startsWith("/proc/")
          ? [path]
          : []
      } catch {
        return []
      }
    })
  } catch {
    return undefined
  }
}
