import { expect, it } from "@effect/vitest"
import { Cause, Deferred, Effect, Schedule as EffectSchedule, Equal, Exit, Fiber, Layer, Queue, Stream } from "effect"
import { CheckpointError, CheckpointStore } from "../../../src/Checkpoint/CheckpointStore.ts"
import type { Loader } from "../../../src/Data/Loader.ts"
import * as Callback from "../../../src/Driver/Callback.ts"
import * as Observer from "../../../src/Driver/Observer.ts"
import type { TrainingTask } from "../../../src/Driver/TrainingTask.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import type { Device } from "../../../src/Layer/Device/Device.ts"
import { type Entry, Logger } from "../../../src/Layer/Logger/Logger.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tiny from "../../support/tiny.ts"

const plan = (given: Partial<Plan.Plan> = {}, accumulation = 1): Plan.Plan => ({
  ...Plan.make({
    horizon: Horizon.make({ epochs: 2, batchesPerEpoch: 6, accumulation }),
    learningRate: () => 0.05,
    log: Trigger.every(2),
    evaluate: Trigger.every(3),
    save: Trigger.every(4),
    sets: ["eval"]
  }),
  ...given
})

/** A task one of whose batches never comes; `reached` is done when it was asked for so many times. */
const stuck = Effect.fnUntraced(function* (
  task: TrainingTask,
  at: { readonly train?: string; readonly evaluation?: string; readonly times?: number }
) {
  const reached = yield* Deferred.make<void>()
  let times = 0
  const gate = (loader: Loader, where: string | undefined): Loader => ({
    ...loader,
    batch: (epoch, batch) => {
      if (`${epoch}.${batch}` !== where) return loader.batch(epoch, batch)
      times++
      return times < (at.times ?? 1)
        ? loader.batch(epoch, batch)
        : Effect.andThen(Deferred.succeed(reached, undefined), Effect.never)
    }
  })
  const evaluation = Object.fromEntries(
    Object.entries(task.evaluation).map(([name, loader]) => [name, gate(loader, at.evaluation)])
  )
  return { task: { ...task, train: gate(task.train, at.train), evaluation }, reached: Deferred.await(reached) }
})

/** A store whose saves take a while, or fail at a step. */
const wrapped = (store: ReturnType<typeof Tiny.store>, change: { readonly pause?: number; readonly failAt?: number }) =>
  Layer.effect(
    CheckpointStore,
    Effect.map(CheckpointStore, (inner) => ({
      ...inner,
      save: (checkpoint) =>
        Effect.gen(function* () {
          store.done.push(`begin ${checkpoint.state.step}`)
          if (change.pause !== undefined) yield* Effect.sleep(change.pause)
          if (change.failAt === checkpoint.state.step) {
            return yield* new CheckpointError({ step: change.failAt, path: "disk", operation: "write", reason: "no space" })
          }
          yield* inner.save(checkpoint)
        })
    }))
  ).pipe(Layer.provide(store.layer))

const layers = (store: Layer.Layer<CheckpointStore>, entries: Array<Entry> = []) =>
  Layer.mergeAll(Tiny.optimizer, store, Tiny.logger(entries))
const here = <A, E>(name: string, body: () => Effect.Effect<A, E, Device>) =>
  it.live(name, () => body().pipe(Effect.provide(Cpu.layer)), 20_000)

const reference = (task: TrainingTask, of = plan()) => Trainer.train(task, of).pipe(Effect.provide(layers(Tiny.store().layer)))

for (const background of [false, true]) {
  for (const where of ["batch", "evaluation", "save"] as const) {
    here(
      `interrupted in a ${where}${background ? ", saving in the background" : ""}: saved, freed, and the rest is as if it had not been`,
      () =>
        Effect.gen(function* () {
          const before = tf.memory().numTensors
          const task = yield* Tiny.task()
          const whole = yield* reference(task)
          const store = Tiny.store()
          const layer = layers(where === "save" ? wrapped(store, { pause: 60 }) : store.layer)
          let cut = { step: -1, safe: false }
          yield* Effect.gen(function* () {
            const at = { batch: { train: "1.1" }, evaluation: { evaluation: "0.1", times: 2 }, save: {} }[where]
            const { task: caught, reached } = yield* stuck(task, at)
            const options: Trainer.Options = {
              background,
              observe: { Saved: () => Effect.succeed([]) },
              onInterrupt: (at) =>
                Effect.sync(() => {
                  cut = at
                })
            }
            const fiber = yield* Effect.forkChild(Trainer.train(caught, plan(), options), { startImmediately: true })
            if (where === "save") while (!store.done.includes("begin 4")) yield* Effect.sleep(1)
            else yield* reached
            yield* Fiber.interrupt(fiber)
            expect(Exit.hasInterrupts(yield* Fiber.await(fiber))).toBe(true)
            expect(cut.safe).toBe(true)
            expect(cut.step).toBeGreaterThan(0)
            expect(tf.memory().numTensors).toBe(before)
            expect(new Set(store.done).size).toBe(store.done.length)
            const rest = yield* Trainer.train(task, plan())
            expect(Equal.equals(rest.weights, whole.weights)).toBe(true)
            expect(Equal.equals(rest.state, whole.state)).toBe(true)
          }).pipe(Effect.provide(layer))
        })
    )
  }
}

here("interrupted inside an accumulation: the partial micro-batches are dropped and made again", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const of = plan({}, 3)
    const whole = yield* reference(task, of)
    const store = Tiny.store()
    yield* Effect.gen(function* () {
      const { task: caught, reached } = yield* stuck(task, { train: "0.4" })
      const fiber = yield* Effect.forkChild(Trainer.train(caught, of), { startImmediately: true })
      yield* reached
      yield* Fiber.interrupt(fiber)
      expect(store.kept.get(1)?.state.position).toEqual({ epoch: 0, batch: 3 })
      expect(Equal.equals((yield* Trainer.train(task, of)).weights, whole.weights)).toBe(true)
    }).pipe(Effect.provide(layers(store.layer)))
  })
)

here("observers ask with values, a queue is one, and their errors are the run's", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const quiet = plan({ log: Trigger.never, evaluate: Trigger.never, save: Trigger.never })
    const queue = yield* Queue.unbounded<Plan.Request>()
    yield* Queue.offer(queue, "save")
    const stop = Observer.make({
      StepEnded: ({ state }) => Effect.succeed(state.step === 5 ? ["evaluate", "save", "log", "stopRun"] : [])
    })
    const events = yield* Stream.runCollect(
      Trainer.events(task, quiet, { observe: Observer.all(Observer.fromQueue(queue), stop) })
    ).pipe(Effect.provide(layers(Tiny.store().layer)))
    const done = [...events].filter(({ _tag }) => ["Saved", "Logged", "Evaluated", "EpochEnded", "Finished"].includes(_tag))
    expect(done.map(({ _tag, state }) => `${_tag} ${state.step}`)).toEqual([
      "Saved 1",
      "Logged 5",
      "Evaluated 5",
      "Saved 5",
      "EpochEnded 5",
      "Finished 5"
    ])

    const store = Tiny.store()
    const failing = Trainer.train(task, plan(), {
      observe: { StepEnded: ({ state }) => (state.step === 6 ? Effect.fail("mine" as const) : Effect.succeed([])) }
    })
    expect(yield* Effect.flip(failing.pipe(Effect.provide(layers(store.layer))))).toBe("mine")
    expect(store.done).toEqual(["save 4", "save 6"]) // a broken observer costs nothing
  })
)

here("a write that fails ends the run, also in the background; retry goes on from the newest checkpoint", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const whole = yield* reference(task)
    for (const background of [false, true]) {
      const store = Tiny.store()
      const error = yield* Effect.flip(
        Trainer.train(task, plan(), { background }).pipe(Effect.provide(layers(wrapped(store, { failAt: 8 }))))
      )
      expect(error._tag).toBe("CheckpointError")
      const rest = yield* Trainer.train(task, plan()).pipe(Effect.provide(layers(store.layer)))
      expect(Equal.equals(rest.weights, whole.weights)).toBe(true)
    }
    let left = 2
    const store = Tiny.store()
    const flaky: TrainingTask = {
      ...task,
      train: {
        ...task.train,
        batch: (epoch, batch) => (epoch === 1 && batch === 1 && left-- > 0 ? Effect.die("flaky") : task.train.batch(epoch, batch))
      }
    }
    const retried = yield* Trainer.train(flaky, plan()).pipe(
      Effect.catchDefect((defect) => Effect.fail(defect)),
      Effect.retry(EffectSchedule.recurs(5)),
      Effect.provide(layers(store.layer))
    )
    expect(Equal.equals(retried.weights, whole.weights)).toBe(true)
  })
)

here("a store that hangs on the way out is given up after the grace", () =>
  Effect.gen(function* () {
    const { task, reached } = yield* stuck(yield* Tiny.task(), { train: "0.3" })
    let safe = true
    const options: Trainer.Options = {
      grace: 50,
      onInterrupt: (cut) =>
        Effect.sync(() => {
          safe = cut.safe
        })
    }
    const hanging = layers(wrapped(Tiny.store(), { pause: 60_000 }))
    const run = Trainer.train(task, plan({ save: Trigger.never }), options).pipe(Effect.provide(hanging))
    const fiber = yield* Effect.forkChild(run, { startImmediately: true })
    yield* reached
    const asked = performance.now()
    yield* Fiber.interrupt(fiber)
    expect(performance.now() - asked).toBeLessThan(10_000)
    expect(safe).toBe(false)
  })
)

const throwing: Record<Plan.PlanFailed["part"], Partial<Plan.Plan>> = (() => {
  const at = (state: { readonly step: number }): boolean => {
    if (state.step === 6) throw new Error("mine")
    return false
  }
  const best = (state: { readonly step: number }) => (at(state) ? 1 : null)
  return {
    learningRate: { learningRate: (state) => (at(state) ? 1 : 0.05) },
    log: { log: (_, after) => at(after) || after.step % 2 === 0 },
    evaluate: { evaluate: (_, after) => at(after) || after.step % 3 === 0 },
    save: { save: (_, after) => after.step === 4 || at(after) },
    stop: { stop: at },
    best: { best, save: Trigger.every(2) },
    retention: { retention: (state) => (at(state) ? [] : state.checkpoints), save: Trigger.every(2) }
  }
})()

for (const [part, broken] of Object.entries(throwing)) {
  here(`a ${part} that throws fails with its name; the work before it is saved, and a corrected plan resumes from it`, () =>
    Effect.gen(function* () {
      const task = yield* Tiny.task()
      const corrected = plan(part === "best" || part === "retention" ? { save: Trigger.every(2) } : {})
      const whole = yield* reference(task, corrected)
      const store = Tiny.store()
      const error = yield* Effect.flip(Trainer.train(task, plan(broken)).pipe(Effect.provide(layers(store.layer))))
      expect(error).toMatchObject({ _tag: "PlanFailed", part, step: 6 })
      expect(error.message).toMatch(/mine/)
      // a decision about an update comes before it; those of a save and of a learning rate come after it
      expect(Math.max(...store.kept.keys())).toBe(["learningRate", "best", "retention"].includes(part) ? 6 : 5)
      const rest = yield* Trainer.train(task, corrected).pipe(Effect.provide(layers(store.layer)))
      expect(Equal.equals(rest.weights, whole.weights)).toBe(true)
      expect(rest.history.map(({ step, values }) => ({ step, values }))).toEqual(
        whole.history.map(({ step, values }) => ({ step, values }))
      )
    })
  )
}

here("a loss that is not finite ends the run with the last good checkpoint untouched, unless it is let through", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const wild = plan({ learningRate: (state) => (state.step === 5 ? 1e38 : 0.05) })
    const store = Tiny.store()
    const error = yield* Effect.flip(Trainer.train(task, wild).pipe(Effect.provide(layers(store.layer))))
    expect(error._tag).toBe("NonFiniteLoss")
    expect(store.done).toEqual(["save 4"])
    const lost = Trainer.train(task, plan({ learningRate: ({ step }) => (step === 3 ? Number.NaN : 0.05) }))
    expect((yield* Effect.flip(lost.pipe(Effect.provide(layers(Tiny.store().layer))))).message).toMatch(
      /rate for update 4 is NaN/
    )
    const last = plan({ learningRate: ({ step }) => (step === 10 ? 1e38 : 0.05), log: Trigger.never, save: Trigger.never })
    const unseen = Trainer.train(task, last).pipe(Effect.provide(layers(Tiny.store().layer)))
    expect((yield* Effect.flip(unseen))._tag).toBe("NonFiniteLoss")
    // the loss is 0, and its gradient is 0 / 0
    const flat: TrainingTask["model"] = {
      ...task.model,
      apply: ({ "lin.weight": w }) => ({ loss: { sum: tf.sum(tf.sqrt(tf.mul(w!, 0))), count: tf.scalar(1) }, outputs: {} })
    }
    const ungraded = Trainer.train({ ...task, model: flat }, plan({ log: Trigger.every(1) })).pipe(
      Effect.provide(layers(Tiny.store().layer))
    )
    expect((yield* Effect.flip(ungraded)).message).toMatch(/gradient norm is NaN/)
    const entries: Array<Entry> = []
    yield* Trainer.train(task, wild, { nonFinite: "continue" }).pipe(Effect.provide(layers(Tiny.store().layer, entries)))
    expect(entries.some((entry) => entry._tag === "Scalars" && Number.isNaN(entry.values.loss))).toBe(true)
  })
)

here("what does not fit is found before step 0", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const refuse = (of: TrainingTask, by: Plan.Plan, store = Tiny.store()) =>
      Effect.flip(Trainer.train(of, by).pipe(Effect.provide(layers(store.layer)))).pipe(
        Effect.tap(() => Effect.sync(() => expect(store.done).toEqual([])))
      )
    expect((yield* refuse(task, plan({ watches: ["eval_accuracy"] }))).message).toMatch(/eval_accuracy.*eval_loss/)
    expect((yield* refuse(task, plan({ sets: ["test"] }))).message).toMatch(/test.*eval/)
    expect((yield* refuse({ ...task, train: { ...task.train, batch: () => Effect.undefined } }, plan()))._tag).toBe("InvalidTask")
    const typo: TrainingTask = {
      ...task,
      model: {
        ...task.model,
        apply: (parameters, { features, ...batch }, context) => task.model.apply(parameters, { ...batch, x: features! }, context)
      }
    }
    expect((yield* refuse(typo, plan())).message).toMatch(/features/)
    const unknown = (): never => tf.engine().runKernel("Nonesuch", {}) as never
    const exotic: TrainingTask = { ...task, model: { ...task.model, apply: unknown } }
    expect(yield* refuse(exotic, plan())).toMatchObject({ _tag: "KernelMissing", kernel: "Nonesuch" })
    const other = Tiny.store()
    yield* Trainer.train(task, plan()).pipe(Effect.provide(layers(other.layer)))
    const wider: TrainingTask = {
      ...task,
      model: {
        ...task.model,
        init: (key) => ({ ...task.model.init(key), "extra.bias": { dtype: "float32", shape: [2], data: new Float32Array(2) } })
      }
    }
    const wrong = yield* Effect.flip(Trainer.train(wider, plan()).pipe(Effect.provide(layers(other.layer))))
    expect(wrong._tag).toBe("WrongCheckpoint")
    expect(wrong.message).toMatch(/extra\.bias is missing/)
  })
)

here("a finished run trains nothing more; more epochs go on; the events can be read in windows", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const store = Tiny.store()
    yield* Effect.gen(function* () {
      const window = Trainer.events(task, plan()).pipe(
        Stream.takeUntil(({ _tag, state }) => _tag === "StepEnded" && state.step % 5 === 0),
        Stream.runDrain
      )
      yield* Effect.repeat(window, EffectSchedule.recurs(3))
      const first = yield* Trainer.train(task, plan())
      expect(first.state.step).toBe(12)
      const tags = yield* Stream.runCollect(Trainer.events(task, plan()))
      expect([...tags].some(({ _tag }) => _tag === "Updating")).toBe(false)
      const longer = yield* Trainer.train(task, plan({ horizon: Horizon.make({ epochs: 3, batchesPerEpoch: 6 }) }))
      expect(longer.state.step).toBe(18)
    }).pipe(Effect.provide(layers(store.layer)))
  })
)

here("the best weights are back at the end", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const store = Tiny.store()
    const best = plan({
      save: Trigger.every(1),
      evaluate: Trigger.every(1),
      best: (state) => (state.step >= 3 ? 3 : null),
      restoreBest: true
    })
    const { weights, state } = yield* Trainer.train(task, best).pipe(Effect.provide(layers(store.layer)))
    expect(state.bestCheckpoint).toBe(3)
    expect(Equal.equals(weights.parameters, store.kept.get(3)!.weights.parameters)).toBe(true)
    expect(Equal.equals(store.kept.get(12)!.weights.parameters, weights.parameters)).toBe(false)
  })
)

here("a reader that gives up at a micro-batch and comes back does not have it twice", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const of = plan({}, 2)
    const whole = yield* reference(task, of)
    let asked = 0
    const weights = yield* Effect.scoped(
      Effect.gen(function* () {
        const observe: Trainer.Options["observe"] = {
          Microbatch: () => (asked++ % 3 === 0 ? Effect.as(Effect.never, []) : Effect.succeed([]))
        }
        const run = yield* Trainer.start(task, of, { observe })
        while ((yield* Effect.timeoutOption(Stream.runDrain(run.events), 5))._tag === "None") {}
        return yield* run.weights
      })
    ).pipe(Effect.provide(layers(Tiny.store().layer)))
    expect(Equal.equals(weights, whole.weights)).toBe(true)
  })
)

here("what an epoch's end leaves of an accumulation is dropped, not taken into the next epoch", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task({ size: 10 })
    const stream = { ...task.train, batchesPerEpoch: Infinity }
    const of = plan({ horizon: { maxSteps: 4, epochs: Infinity, batchesPerEpoch: 8, accumulation: 2 }, evaluate: Trigger.never })
    const { state } = yield* Trainer.train({ ...task, train: stream }, of).pipe(Effect.provide(layers(Tiny.store().layer)))
    expect(state.samples).toBe(4 * 2 * 2) // five batches of two an epoch: two updates of two, one left over
  })
)

here("the log is on disk before a checkpoint that has it", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    const flushed = Layer.succeed(Logger, {
      log: (entry) => Effect.sync(() => void (entry._tag === "Scalars" && store.done.push(`log ${entry.step}`))),
      flush: Effect.sync(() => void store.done.push("flush"))
    })
    const log = plan({ log: Trigger.every(4), evaluate: Trigger.never })
    yield* Trainer.train(yield* Tiny.task(), log).pipe(Effect.provide(Layer.mergeAll(Tiny.optimizer, store.layer, flushed)))
    expect(store.done.slice(0, 3)).toEqual(["log 4", "flush", "save 4"])
  })
)

here("an observer that fails at a log leaves what was to be logged: the resumed run logs it, once", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const logs = (history: ReadonlyArray<{ readonly step: number; readonly values: unknown }>) =>
      history.map(({ step, values }) => ({ step, values }))
    const whole = yield* reference(task)
    const store = Tiny.store()
    const failing = Trainer.train(task, plan(), {
      observe: { Logged: ({ state }) => (state.step === 6 ? Effect.fail("mine" as const) : Effect.succeed([])) }
    })
    expect(yield* Effect.flip(failing.pipe(Effect.provide(layers(store.layer))))).toBe("mine")
    const rest = yield* Trainer.train(task, plan()).pipe(Effect.provide(layers(store.layer)))
    expect(logs(rest.history)).toEqual(logs(whole.history))
    expect(rest.state.losses).toEqual(whole.state.losses)
  })
)

here("a background write that hangs is waited for no longer than the grace", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    const hanging = layers(wrapped(store, { pause: 3_000 }))
    const { task, reached } = yield* stuck(yield* Tiny.task(), { train: "1.0" })
    let interrupted = { safe: true, after: Number.POSITIVE_INFINITY }
    let asked = 0
    const options: Trainer.Options = {
      background: true,
      grace: 50,
      onInterrupt: ({ safe }) =>
        Effect.sync(() => {
          interrupted = { safe, after: performance.now() - asked }
        })
    }
    const run = Trainer.train(task, plan(), options).pipe(Effect.provide(hanging))
    const fiber = yield* Effect.forkChild(run, { startImmediately: true })
    yield* reached
    asked = performance.now()
    yield* Fiber.interrupt(fiber)
    expect(interrupted.safe).toBe(false)
    expect(interrupted.after).toBeLessThan(2_000)
  })
)

here("a missing best checkpoint is a warning at the end, and the last weights stay", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const store = Tiny.store()
    const gone = Layer.effect(
      CheckpointStore,
      Effect.map(CheckpointStore, (inner) => ({
        ...inner,
        load: (step) => Effect.fail(new CheckpointError({ step, path: "disk", operation: "read", reason: "there is none" }))
      }))
    ).pipe(Layer.provide(store.layer))
    const best = plan({ save: Trigger.every(1), best: ({ step }) => (step >= 3 ? 3 : null), restoreBest: true })
    const { weights, state } = yield* Trainer.train(task, best).pipe(Effect.provide(layers(gone)))
    expect(state.step).toBe(12)
    expect(Equal.equals(weights.parameters, store.kept.get(12)!.weights.parameters)).toBe(true)
  })
)

here(
  "a run that resumes from another store's checkpoint and is interrupted at once saves to its own store; a best checkpoint that is not on disk is not the best",
  () =>
    Effect.gen(function* () {
      const task = yield* Tiny.task()
      const home = Tiny.store()
      yield* Trainer.train(task, plan()).pipe(Effect.provide(layers(home.layer)))
      const from = home.kept.get(4)!
      const own = Tiny.store()
      yield* Trainer.events(task, plan(), { from }).pipe(Stream.take(1), Stream.runDrain, Effect.provide(layers(own.layer)))
      expect([...own.kept.keys()]).toEqual([4])
      own.kept.set(4, { ...from, state: { ...from.state, bestCheckpoint: 2 } })
      const found = yield* Trainer.find("newest").pipe(Effect.provide(own.layer))
      expect(found?.state.bestCheckpoint).toBe(null)
    })
)

here(
  "user code that throws ends the run with an error that names it; the state is saved, and a corrected run resumes from it",
  () =>
    Effect.gen(function* () {
      const task = yield* Tiny.task()
      const whole = yield* reference(task)
      const thrown = (): never => {
        throw new Error("mine")
      }
      const once = (loader: Loader, epoch: number, batch: number, times = 0): Loader => ({
        ...loader,
        batch: (e, b) => (e === epoch && b === batch && times-- <= 0 ? thrown() : loader.batch(e, b))
      })
      const broken: ReadonlyArray<readonly [tag: string, task: TrainingTask, options: Trainer.Options]> = [
        ["LoaderFailed", { ...task, train: once(task.train, 1, 1) }, {}],
        ["EvaluationFailed", { ...task, evaluation: { eval: once(task.evaluation.eval!, 0, 1, 1) } }, {}],
        ["ObserverFailed", task, { observe: { StepEnded: ({ state }) => (state.step === 7 ? thrown() : Effect.succeed([])) } }],
        [
          "ObserverFailed",
          task,
          { observe: { StepEnded: ({ state }) => (state.step === 7 ? Effect.die("mine") : Effect.succeed([])) } }
        ],
        ["ObserverFailed", task, { observe: { Saved: () => Effect.succeed(["mine" as "stopRun"]) } }],
        [
          "CallbackFailed",
          task,
          { callbacks: [Callback.make({ onStepEnd: ({ state }) => void (state.step === 7 && thrown()) })] }
        ]
      ]
      for (const [tag, of, options] of broken) {
        const store = Tiny.store()
        let safe = false
        const onInterrupt: Trainer.Options["onInterrupt"] = (at) =>
          Effect.sync(() => {
            safe = at.safe
          })
        const failing = Trainer.train(of, plan(), { ...options, onInterrupt }).pipe(Effect.provide(layers(store.layer)))
        const error = yield* Effect.flip(failing)
        expect([error._tag, safe]).toEqual([tag, true])
        expect(error.message).toMatch(/mine/)
        const rest = yield* Trainer.train(task, plan()).pipe(Effect.provide(layers(store.layer)))
        expect(Equal.equals(rest.weights, whole.weights)).toBe(true)
      }
    })
)

here("a learning rate below zero is an error before its update", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    const uphill = plan({ learningRate: ({ step }) => (step === 3 ? -0.05 : 0.05), save: Trigger.never })
    const error = yield* Effect.flip(Trainer.train(yield* Tiny.task(), uphill).pipe(Effect.provide(layers(store.layer))))
    expect(error).toMatchObject({ _tag: "PlanFailed", part: "learningRate", step: 3 })
    expect(error.message).toMatch(/rate for update 4 is -0.05/)
    expect(store.done).toEqual(["save 3"])
  })
)

here(
  "rejects a second consumer of the events while the first consumes them; a failed run fails again; a closed one fails with RunClosed",
  () =>
    Effect.gen(function* () {
      const task = yield* Tiny.task()
      const whole = yield* reference(task)
      yield* Effect.gen(function* () {
        const run = yield* Effect.scoped(
          Effect.gen(function* () {
            const run = yield* Trainer.start(task, plan())
            const both = yield* Effect.all([Effect.exit(Stream.runDrain(run.events)), Effect.exit(Stream.runDrain(run.events))], {
              concurrency: 2
            })
            expect(both.map((exit) => exit._tag)).toEqual(["Success", "Failure"])
            expect(Exit.isFailure(both[1]) && String(Cause.squash(both[1].cause))).toMatch(/one at a time/)
            expect(Equal.equals(yield* run.weights, whole.weights)).toBe(true)
            return yield* Trainer.start(task, plan(), { from: "scratch" }).pipe(Effect.provide(Tiny.store().layer))
          })
        )
        expect((yield* Effect.flip(Stream.runDrain(run.events)))._tag).toBe("RunClosed")
        const failing = yield* Trainer.start(
          task,
          plan({
            log: () => {
              throw new Error("mine")
            }
          }),
          { from: "scratch" }
        )
        for (const _ of [1, 2]) expect((yield* Effect.flip(Stream.runDrain(failing.events)))._tag).toBe("PlanFailed")
      }).pipe(Effect.scoped, Effect.provide(layers(Tiny.store().layer)))
    })
)

here("loggers and hooks that hang or throw: the run is interrupted within its grace, and nothing is lost", () =>
  Effect.gen(function* () {
    const failing = Layer.succeed(Logger, {
      log: () => Effect.die("mine"),
      progress: () => {
        throw new Error("mine")
      },
      flush: Effect.die("mine")
    })
    const plain = yield* Tiny.task()
    const whole = yield* reference(plain)
    const unlogged = yield* Trainer.train(plain, plan()).pipe(
      Effect.provide(Layer.mergeAll(Tiny.optimizer, Tiny.store().layer, failing))
    )
    expect(Equal.equals(unlogged.weights, whole.weights)).toBe(true)

    const hanging = Layer.succeed(Logger, { log: () => Effect.void, flush: Effect.uninterruptible(Effect.never) })
    const store = Tiny.store()
    const { task, reached } = yield* stuck(plain, { train: "0.3" })
    const options: Trainer.Options = { grace: 400, onInterrupt: () => Effect.uninterruptible(Effect.never) }
    const run = Trainer.train(task, plan({ save: Trigger.never }), options)
    const fiber = yield* Effect.forkChild(run.pipe(Effect.provide(Layer.mergeAll(Tiny.optimizer, store.layer, hanging))), {
      startImmediately: true
    })
    yield* reached
    const asked = performance.now()
    yield* Fiber.interrupt(fiber)
    expect(performance.now() - asked).toBeLessThan(5_000)
    expect(store.done).toEqual(["save 3"])
  })
)

here("a checkpoint after a failed background write lists no step that is not on disk", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    const { task, reached } = yield* stuck(yield* Tiny.task(), { train: "0.5" })
    const failing = wrapped(store, { failAt: 4, pause: 50 })
    const run = Trainer.train(task, plan(), { background: true }).pipe(Effect.provide(layers(failing)))
    const fiber = yield* Effect.forkChild(run, { startImmediately: true })
    yield* reached // step 5 is done, and the write of step 4 is on its way
    yield* Fiber.interrupt(fiber)
    expect([...store.kept.keys()]).toEqual([5])
    expect(store.kept.get(5)!.state.checkpoints).toEqual([])
  })
)

here("a run starts at step 0 from given weights, which must be of the model", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const { weights } = yield* reference(task)
    const store = Tiny.store()
    const tuned = yield* Trainer.train(task, plan(), { from: { weights } }).pipe(Effect.provide(layers(store.layer)))
    const again: TrainingTask = { ...task, model: { ...task.model, init: () => weights.parameters } }
    const expected = yield* reference(again)
    expect(tuned.state.step).toBe(12)
    expect(Equal.equals(tuned.weights, expected.weights)).toBe(true)
    const { gain: _, ...others } = weights.parameters
    const wrong = Trainer.train(task, plan(), { from: { weights: { parameters: others } } })
    expect(yield* Effect.flip(wrong.pipe(Effect.provide(layers(Tiny.store().layer))))).toMatchObject({
      _tag: "WrongCheckpoint",
      missing: ["gain"]
    })
  })
)
