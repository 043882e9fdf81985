/** What every checkpoint store must do, as tests for any test runner. */
import assert from "node:assert/strict"
import { Effect, type Layer, type Scope } from "effect"
import { CheckpointStore } from "../Checkpoint/CheckpointStore.ts"
import { append, initial } from "../TrainerState.ts"
import type { ContractTest } from "./ContractTest.ts"
import { bits, checkpoint } from "./SampleCheckpoint.ts"

/**
 * Lists the tests of a checkpoint store. `layer` must build an empty store each time.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict"
 * import { CheckpointStore } from "regimen"
 * import { Contract } from "regimen/testing"
 *
 * const tests = Contract.checkpointStore(CheckpointStore.memory)
 * assert.ok(tests.length > 1)
 * for (const { run } of tests) await run()
 * ```
 */
export const checkpointStore = (layer: Layer.Layer<CheckpointStore, unknown>): ReadonlyArray<ContractTest> => {
  const tests: Array<ContractTest> = []
  const test = (name: string, body: (store: CheckpointStore["Service"]) => Effect.Effect<unknown, unknown, Scope.Scope>) =>
    tests.push({
      name,
      run: () =>
        Effect.runPromise(
          Effect.asVoid(Effect.scoped(Effect.flatMap(CheckpointStore, body))).pipe(Effect.provide(layer, { local: true }))
        )
    })

  test("loads what was saved, bit for bit", (store) =>
    Effect.gen(function* () {
      const saved = checkpoint(7)
      const state = {
        ...saved.state,
        evaluations: append(null, { step: 3, epoch: 1, initial: false, metrics: { eval_loss: Number.NaN } })
      }
      yield* store.save({ ...saved, state })
      assert.deepEqual(bits(yield* store.load(7)), bits({ ...saved, state }))
    }))

  test("saves a run without tensors and history", (store) =>
    Effect.gen(function* () {
      const empty = { state: initial, weights: { parameters: {}, buffers: {}, slots: {} }, history: [], meta: {} }
      yield* store.save(empty)
      assert.deepEqual(bits(yield* store.load(0)), bits(empty))
    }))

  test("keeps the mark of a checkpoint that holds the model alone", (store) =>
    Effect.gen(function* () {
      const { weights, ...rest } = checkpoint(3)
      const alone = { ...rest, modelOnly: true as const, weights: { ...weights, slots: {} } }
      yield* store.save(alone)
      assert.deepEqual(bits(yield* store.load(3)), bits(alone))
    }))

  test("copies tensors: changing an array after a save or a load changes no checkpoint", (store) =>
    Effect.gen(function* () {
      const saved = checkpoint(1)
      yield* store.save(saved)
      saved.weights.parameters["layer.0.weight"]!.data.fill(9)
      const loaded = yield* store.load(1)
      assert.deepEqual(bits(loaded), bits(checkpoint(1)))
      loaded.weights.parameters["layer.0.weight"]!.data.fill(9)
      assert.deepEqual(bits(yield* store.load(1)), bits(checkpoint(1)))
    }))

  test("keeps the lineage of a checkpoint, and reads it alone", (store) =>
    Effect.gen(function* () {
      const lineage = { run: "r", attempt: 2, ancestors: [{ run: "r", attempt: 1, step: 3 }] }
      yield* store.save({ ...checkpoint(4), lineage })
      yield* store.save(checkpoint(5))
      assert.deepEqual([yield* store.lineage(4), yield* store.lineage(5)], [lineage, undefined])
      assert.deepEqual((yield* store.load(4)).lineage, lineage)
      assert.equal((yield* Effect.flip(store.lineage(6)))._tag, "CheckpointError")
    }))

  test("lists by step, not by time or as text", (store) =>
    Effect.gen(function* () {
      assert.deepEqual(yield* store.list, [])
      for (const step of [100, 9, 20]) yield* store.save(checkpoint(step))
      assert.deepEqual(yield* store.list, [9, 20, 100])
    }))

  test("replaces a checkpoint of the same step", (store) =>
    Effect.gen(function* () {
      yield* store.save(checkpoint(4, 1))
      yield* store.save(checkpoint(4, 2))
      assert.deepEqual(yield* store.list, [4])
      assert.deepEqual(bits(yield* store.load(4)), bits(checkpoint(4, 2)))
    }))

  test("removes a checkpoint; removing a missing one succeeds, loading it fails", (store) =>
    Effect.gen(function* () {
      yield* store.save(checkpoint(1))
      yield* store.save(checkpoint(2))
      yield* store.remove(1)
      yield* store.remove(1)
      yield* store.remove(99)
      assert.deepEqual(yield* store.list, [2])
      const error = yield* Effect.flip(store.load(1))
      assert.deepEqual([error._tag, error.step, error.operation], ["CheckpointError", 1, "read"])
    }))

  test("counts the attempts at a run under one run name", (store) =>
    Effect.gen(function* () {
      const first = yield* Effect.scoped(store.open)
      const second = yield* Effect.scoped(store.open)
      assert.ok(first.run.length > 0)
      assert.deepEqual([first.attempt, second], [1, { run: first.run, attempt: 2 }])
    }))

  test("is open for one run at a time", (store) =>
    Effect.gen(function* () {
      const error = yield* Effect.scoped(Effect.andThen(store.open, Effect.flip(Effect.scoped(store.open))))
      assert.deepEqual([error._tag, "pid" in error && error.pid], ["StoreLocked", process.pid])
      const after = yield* Effect.scoped(store.open)
      assert.equal(after.attempt, 2)
    }))

  test("refuses an invalid state and keeps the earlier checkpoint of that step", (store) =>
    Effect.gen(function* () {
      const saved = checkpoint(5)
      yield* store.save(saved)
      const error = yield* Effect.flip(store.save({ ...saved, state: { ...saved.state, samples: -1 } }))
      assert.equal(error._tag, "CheckpointError")
      assert.deepEqual(bits(yield* store.load(5)), bits(saved))
    }))
  return tests
}
