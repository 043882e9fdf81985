/** A checkpoint store in RAM, for tests: its checkpoints are lost when its layer is closed. */
import { Effect, Layer } from "effect"
import { defined } from "../Defined.ts"
import type { HostWeights } from "../Tensor/Weights.ts"
import * as CheckpointJson from "./CheckpointJson.ts"
import { CheckpointError, CheckpointStore, StoreLocked } from "./CheckpointStore.ts"
import type { Lineage } from "./Lineage.ts"
import * as RunAttempt from "./RunAttempt.ts"

const path = "memory"

interface Stored {
  readonly text: string
  readonly weights: HostWeights
  readonly lineage: Lineage | undefined
}

const missing = (step: number) => new CheckpointError({ step, path, operation: "read", reason: "there is none" })

/** Stores checkpoints in memory. They are copied, and encoded as in a file. */
export const layer: Layer.Layer<CheckpointStore> = Layer.sync(CheckpointStore, () => {
  const checkpoints = new Map<number, Stored>()
  let attempt: RunAttempt.RunAttempt | undefined
  let locked = false
  return {
    open: Effect.acquireRelease(
      Effect.gen(function* () {
        if (locked) return yield* new StoreLocked({ path, pid: process.pid })
        locked = true
        attempt = yield* RunAttempt.next(attempt)
        return attempt
      }),
      () =>
        Effect.sync(() => {
          locked = false
        })
    ),
    save: ({ lineage, weights, ...rest }) =>
      Effect.try({
        try: () => {
          const text = CheckpointJson.encode({ ...rest, buffers: [] })
          checkpoints.set(rest.state.step, { text, weights: structuredClone(weights), lineage })
        },
        catch: (cause) => new CheckpointError({ step: rest.state.step, path, operation: "write", reason: String(cause) })
      }),
    list: Effect.sync(() => [...checkpoints.keys()].sort((a, b) => a - b)),
    load: (step) =>
      Effect.suspend(() => {
        const found = checkpoints.get(step)
        if (found === undefined) return Effect.fail(missing(step))
        const { buffers, ...rest } = CheckpointJson.decode(found.text)
        const { lineage } = found
        return Effect.succeed({
          ...rest,
          weights: structuredClone(found.weights),
          ...defined({ lineage })
        })
      }),
    lineage: (step) =>
      Effect.suspend(() => {
        const found = checkpoints.get(step)
        return found === undefined ? Effect.fail(missing(step)) : Effect.succeed(found.lineage)
      }),
    remove: (step) => Effect.sync(() => void checkpoints.delete(step))
  }
})
