/** The checkpoint store of tests: it forgets when its layer is closed. */
import { Effect, Layer } from "effect"
import type { HostWeights } from "../Tensor/Weights.ts"
import * as CheckpointJson from "./CheckpointJson.ts"
import { CheckpointError, CheckpointStore, StoreLocked } from "./CheckpointStore.ts"
import * as RunAttempt from "./RunAttempt.ts"

const path = "memory"

/** Makes a store in memory. What is saved is copied, and encoded as it would be in a file. */
export const layer: Layer.Layer<CheckpointStore> = Layer.sync(CheckpointStore, () => {
  const kept = new Map<number, { readonly text: string; readonly weights: HostWeights }>()
  let session: RunAttempt.RunAttempt | undefined
  let locked = false
  return {
    open: Effect.acquireRelease(
      Effect.gen(function* () {
        if (locked) return yield* new StoreLocked({ path, pid: process.pid })
        locked = true
        session = yield* RunAttempt.next(session)
        return session
      }),
      () =>
        Effect.sync(() => {
          locked = false
        })
    ),
    save: ({ weights, ...rest }) =>
      Effect.try({
        try: () => {
          const text = CheckpointJson.encode({ ...rest, buffers: [] })
          kept.set(rest.state.step, { text, weights: structuredClone(weights) })
        },
        catch: (cause) => new CheckpointError({ step: rest.state.step, path, operation: "write", reason: String(cause) })
      }),
    list: Effect.sync(() => [...kept.keys()].sort((a, b) => a - b)),
    load: (step) =>
      Effect.suspend(() => {
        const found = kept.get(step)
        if (found === undefined)
          return Effect.fail(new CheckpointError({ step, path, operation: "read", reason: "there is none" }))
        const { buffers, ...rest } = CheckpointJson.decode(found.text)
        return Effect.succeed({ ...rest, weights: structuredClone(found.weights) })
      }),
    remove: (step) => Effect.sync(() => void kept.delete(step))
  }
})
