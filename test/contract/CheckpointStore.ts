import { assert, describe, it } from "@effect/vitest"
import { Effect, type Layer } from "effect"
import { type Checkpoint, CheckpointStore } from "../../src/Checkpoint/CheckpointStore.ts"
import type { HostTensor } from "../../src/Tensor/HostTensor.ts"
import { append, initial } from "../../src/TrainerState.ts"

const float = (shape: ReadonlyArray<number>, ...bits: ReadonlyArray<number>): HostTensor => ({
  dtype: "float32",
  shape,
  data: new Float32Array(Uint32Array.from(bits).buffer)
})

/** A checkpoint of `step` whose tensors tell it from others of the same step by `mark`. */
export const checkpoint = (step: number, mark = 0): Checkpoint => ({
  state: { ...initial, step, epoch: step / 3, position: { epoch: 0, batch: step }, losses: { sinceLog: 0.1, total: -0 } },
  weights: {
    parameters: { "layer.0.weight": float([2, 2], 0x7fc00001, 0xffffffff, 0x80000000, mark), 'bias · "ß"': float([], 1) },
    buffers: {
      "norm.running_mean": float([0, 3]),
      count: { dtype: "int32", shape: [2], data: Int32Array.of(-(2 ** 31), 2 ** 31 - 1) }
    },
    slots: { "layer.0.weight.exp_avg": float([1], mark), mask: { dtype: "bool", shape: [2], data: Uint8Array.of(0, 1) } }
  },
  history: [
    {
      _tag: "Scalars",
      run: "r",
      attempt: 1,
      step,
      epoch: step / 3,
      kind: "eval",
      set: "b",
      values: { eval_loss: Number.NaN, eval_x: -Infinity, eval_y: 1e300 },
      clock: { eval_runtime: 0.5 }
    }
  ],
  meta: { model: "tiny", nested: { list: [1, null, "\u0000NaN"] }, epochs: Infinity }
})

/** Every bit of a checkpoint, as a value that can be compared. */
export const bits = ({ state, weights, history, meta }: Checkpoint) => ({
  state,
  history,
  meta,
  weights: Object.entries(weights).map(([group, tensors]: [string, Readonly<Record<string, HostTensor>>]) => [
    group,
    Object.entries(tensors)
      .map(([path, { dtype, shape, data }]) => [
        path,
        dtype,
        [...shape],
        Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex")
      ])
      .sort()
  ])
})

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
