/** The writer of a run's checkpoints, on a store in memory. */
import { expect, it } from "@effect/vitest"
import { Deferred, Effect, Fiber, Layer } from "effect"
import { TestClock } from "effect/testing"
import { type Checkpoint, CheckpointError, CheckpointStore } from "../../../src/Checkpoint/CheckpointStore.ts"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import * as CheckpointWriter from "../../../src/Driver/CheckpointWriter.ts"
import type { Logger } from "../../../src/Layer/Logger/Logger.ts"
import { initial, type TrainerState } from "../../../src/TrainerState.ts"

const lineage = { run: "a", attempt: 1, ancestors: [] }
const quiet: Logger["Service"] = { log: () => Effect.void, flush: Effect.void }
const state = (step: number, checkpoints: ReadonlyArray<number>): TrainerState => ({ ...initial, step, checkpoints })
const checkpoint = (state: TrainerState): Checkpoint => ({
  state,
  weights: {
    parameters: {},
    buffers: {},
    slots: { "adam.count": { shape: [], dtype: "float32", data: new Float32Array([1]) } }
  },
  history: [],
  meta: {}
})
const make = (options: Partial<Parameters<typeof CheckpointWriter.make>[0]> = {}) =>
  CheckpointWriter.make({
    logger: quiet,
    background: false,
    modelOnly: false,
    lineage,
    steps: [],
    durable: undefined,
    ...options
  })
/** A store whose saves `save` takes the place of. */
const storeWith = (save: (write: Effect.Effect<void, CheckpointError>) => Effect.Effect<void, CheckpointError>) =>
  Layer.effect(
    CheckpointStore,
    Effect.map(CheckpointStore, (store) => ({ ...store, save: (checkpoint: Checkpoint) => save(store.save(checkpoint)) }))
  ).pipe(Layer.provide(MemoryStore.layer))

it.effect("requires a new checkpoint for a state that a resumed run would differ in", () =>
  Effect.gen(function* () {
    const evaluated = { size: 1, last: { step: 3, epoch: 0.5, metrics: { eval_loss: 1 } }, before: null }
    const saved = state(3, [3])
    const { has } = yield* make({ steps: [3], durable: saved })
    expect(has(saved)).toBe(true)
    expect(has({ ...saved })).toBe(true)
    const changes: ReadonlyArray<Partial<TrainerState>> = [
      { step: 4 },
      { epochsEnded: 1 },
      { open: true },
      { pending: "EpochEnded" as unknown as TrainerState["pending"] },
      { callbacks: { counter: 1 } },
      { loggedAt: 2 },
      { evaluations: evaluated as unknown as TrainerState["evaluations"] },
      { asked: { ...saved.asked, evaluate: !saved.asked.evaluate } },
      { asked: { ...saved.asked, save: !saved.asked.save } },
      { asked: { ...saved.asked, log: !saved.asked.log } },
      { stop: { epoch: true, run: false } },
      { position: { epoch: 1, batch: 0 } },
      { position: { epoch: 0, batch: 1 } }
    ]
    for (const change of changes) expect([change, has({ ...saved, ...change })]).toEqual([change, false])
    expect((yield* make({ steps: [2], durable: saved })).has(saved)).toBe(false)
    expect((yield* make({ steps: [3] })).has(saved)).toBe(false)
  }).pipe(Effect.provide(MemoryStore.layer))
)

it.effect("saves with its lineage, and removes and lists only checkpoints of its own that exist", () =>
  Effect.gen(function* () {
    const store = yield* CheckpointStore
    const { has, prune, save } = yield* make()
    for (const step of [1, 2]) yield* save(checkpoint(state(step, [1, 2])), state(step, [1, 2]))
    expect(yield* store.list).toEqual([1, 2])
    const listed = state(3, [2, 3])
    yield* save(checkpoint(state(3, [0, 2, 3])), listed) // step 0 was never written
    expect(yield* store.list).toEqual([2, 3])
    const loaded = yield* store.load(3)
    expect(loaded.state.checkpoints).toEqual([2, 3])
    expect(loaded.lineage).toEqual(lineage)
    expect(loaded.modelOnly).toBeUndefined()
    expect(Object.keys(loaded.weights.slots)).toEqual(["adam.count"])
    expect(has(listed)).toBe(true)
    yield* prune(state(3, [3]))
    expect(yield* store.list).toEqual([3])
    yield* store.save(checkpoint(state(2, []))) // by another run
    yield* prune(state(3, [3]))
    expect(yield* store.list).toEqual([2, 3])
  }).pipe(Effect.provide(MemoryStore.layer))
)

it.effect("saves the model alone without optimizer slots, which is no state to resume from", () =>
  Effect.gen(function* () {
    const store = yield* CheckpointStore
    const { has, save } = yield* make({ modelOnly: true })
    yield* save(checkpoint(state(1, [1])), state(1, [1]))
    const loaded = yield* store.load(1)
    expect(loaded.modelOnly).toBe(true)
    expect(loaded.weights.slots).toEqual({})
    expect(has(state(1, [1]))).toBe(false)
  }).pipe(Effect.provide(MemoryStore.layer))
)

it.effect("waits for a save, unless it writes in the background, and writes one at a time", () =>
  Effect.gen(function* () {
    const gate = yield* Deferred.make<void>()
    yield* Effect.gen(function* () {
      const store = yield* CheckpointStore
      const waiting = yield* make()
      const fiber = yield* Effect.forkChild(waiting.save(checkpoint(state(1, [1])), state(1, [1])), { startImmediately: true })
      yield* Effect.yieldNow
      expect(fiber.pollUnsafe()).toBeUndefined()
      const background = yield* make({ background: true })
      yield* background.save(checkpoint(state(2, [2])), state(2, [2]))
      expect(yield* store.list).toEqual([])
      const alone = yield* Effect.forkChild(background.alone(store.list), { startImmediately: true })
      const idle = yield* Effect.forkChild(background.idle, { startImmediately: true })
      yield* Effect.yieldNow
      expect([alone.pollUnsafe(), idle.pollUnsafe()]).toEqual([undefined, undefined])
      yield* Deferred.succeed(gate, undefined)
      yield* Fiber.join(fiber)
      expect(yield* Fiber.join(alone)).toContain(2)
      yield* Fiber.join(idle)
    }).pipe(Effect.provide(storeWith((write) => Effect.andThen(Deferred.await(gate), write))))
  })
)

it.effect("records the failure of a save, with which idle fails", () =>
  Effect.gen(function* () {
    const error = new CheckpointError({ step: 1, path: "disk", operation: "write", reason: "no space" })
    yield* Effect.gen(function* () {
      const { failure, has, idle, save } = yield* make()
      yield* idle
      expect(failure()).toBeUndefined()
      yield* save(checkpoint(state(1, [1])), state(1, [1]))
      expect(failure()).toBeDefined()
      expect(yield* Effect.flip(idle)).toBe(error)
      expect(has(state(1, [1]))).toBe(false)
    }).pipe(Effect.provide(storeWith(() => Effect.fail(error))))
  })
)

it.effect(
  "flushes the log before it saves; the state of an interrupted run waits for a quarter of the grace period at most",
  () =>
    Effect.gen(function* () {
      const store = yield* CheckpointStore
      const logger = { ...quiet, flush: Effect.never }
      const { rescue } = yield* make({ logger })
      const fiber = yield* Effect.forkChild(rescue(checkpoint(state(1, [])), "4 seconds"), { startImmediately: true })
      yield* TestClock.adjust("999 millis")
      expect(yield* store.list).toEqual([])
      yield* TestClock.adjust("2 millis")
      yield* Fiber.join(fiber)
      expect(yield* store.list).toEqual([1])
      const { save } = yield* make({ logger: { ...quiet, flush: Effect.asVoid(Effect.orDie(store.remove(1))) } })
      yield* save(checkpoint(state(1, [1])), state(1, [1]))
      expect(yield* store.list).toEqual([1])
    }).pipe(Effect.provide(MemoryStore.layer))
)
