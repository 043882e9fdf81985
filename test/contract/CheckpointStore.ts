import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { CheckpointStore } from "../../src/Checkpoint/CheckpointStore.ts"
import { append, initial } from "../../src/TrainerState.ts"
import { bits, checkpoint } from "../support/checkpoints.ts"

/** What every store promises. `layer` is an empty one. */
export const suite = (name: string, layer: Layer.Layer<CheckpointStore, unknown>) =>
  describe(`CheckpointStore: ${name}`, () => {
    const test = (title: string, body: (store: CheckpointStore["Service"]) => Effect.Effect<unknown, unknown>) =>
      it.live(title, () => Effect.flatMap(CheckpointStore, body).pipe(Effect.provide(layer)))

    test("gives back what was saved, bit for bit", (store) =>
      Effect.gen(function* () {
        const saved = checkpoint(7)
        const state = {
          ...saved.state,
          evaluations: append(null, { step: 3, epoch: 1, initial: false, metrics: { eval_loss: Number.NaN } })
        }
        yield* store.save({ ...saved, state })
        assert.deepStrictEqual(bits(yield* store.load(7)), bits({ ...saved, state }))
      }))

    test("keeps a run that has no tensors and no history", (store) =>
      Effect.gen(function* () {
        const empty = { state: initial, weights: { parameters: {}, buffers: {}, slots: {} }, history: [], meta: {} }
        yield* store.save(empty)
        assert.deepStrictEqual(bits(yield* store.load(0)), bits(empty))
      }))

    test("keeps that it holds the model alone", (store) =>
      Effect.gen(function* () {
        const { weights, ...rest } = checkpoint(3)
        const alone = { ...rest, modelOnly: true as const, weights: { ...weights, slots: {} } }
        yield* store.save(alone)
        assert.deepStrictEqual(bits(yield* store.load(3)), bits(alone))
      }))

    test("is not touched by what happens to the arrays afterwards", (store) =>
      Effect.gen(function* () {
        const saved = checkpoint(1)
        yield* store.save(saved)
        saved.weights.parameters["layer.0.weight"]!.data.fill(9)
        const loaded = yield* store.load(1)
        assert.deepStrictEqual(bits(loaded), bits(checkpoint(1)))
        loaded.weights.parameters["layer.0.weight"]!.data.fill(9)
        assert.deepStrictEqual(bits(yield* store.load(1)), bits(checkpoint(1)))
      }))

    test("lists by step, not by time or as text", (store) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* store.list, [])
        for (const step of [100, 9, 20]) yield* store.save(checkpoint(step))
        assert.deepStrictEqual(yield* store.list, [9, 20, 100])
      }))

    test("replaces a checkpoint of the same step", (store) =>
      Effect.gen(function* () {
        yield* store.save(checkpoint(4, 1))
        yield* store.save(checkpoint(4, 2))
        assert.deepStrictEqual(yield* store.list, [4])
        assert.deepStrictEqual(bits(yield* store.load(4)), bits(checkpoint(4, 2)))
      }))

    test("removes; what is not there is no error to remove and one to load", (store) =>
      Effect.gen(function* () {
        yield* store.save(checkpoint(1))
        yield* store.save(checkpoint(2))
        yield* store.remove(1)
        yield* store.remove(1)
        yield* store.remove(99)
        assert.deepStrictEqual(yield* store.list, [2])
        const error = yield* Effect.flip(store.load(1))
        assert.deepStrictEqual([error._tag, error.step, error.operation], ["CheckpointError", 1, "read"])
      }))

    test("counts the attempts at a run, and keeps its name", (store) =>
      Effect.gen(function* () {
        const first = yield* Effect.scoped(store.open)
        const second = yield* Effect.scoped(store.open)
        assert.isTrue(first.run.length > 0)
        assert.deepStrictEqual([first.attempt, second], [1, { run: first.run, attempt: 2 }])
      }))

    test("is open for one run at a time", (store) =>
      Effect.gen(function* () {
        const error = yield* Effect.scoped(Effect.andThen(store.open, Effect.flip(Effect.scoped(store.open))))
        assert.deepStrictEqual([error._tag, "pid" in error && error.pid], ["StoreLocked", process.pid])
        const after = yield* Effect.scoped(store.open)
        assert.strictEqual(after.attempt, 2)
      }))

    test("refuses a state that no run can be in, and keeps the old checkpoint", (store) =>
      Effect.gen(function* () {
        const saved = checkpoint(5)
        yield* store.save(saved)
        const error = yield* Effect.flip(store.save({ ...saved, state: { ...saved.state, samples: -1 } }))
        assert.strictEqual(error._tag, "CheckpointError")
        assert.deepStrictEqual(bits(yield* store.load(5)), bits(saved))
      }))
  })
