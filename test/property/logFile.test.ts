/** The log file of a run that is interrupted and resumed holds each entry once: those of an uninterrupted run, in their order. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { afterAll } from "vitest"
import type { Services } from "../../src/Driver/Driver.ts"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import * as Loggers from "../../src/Layer/Logger/Loggers.ts"
import type * as Plan from "../../src/Schedule/Plan.ts"
import { planOf } from "../support/plans.ts"
import * as Tiny from "../support/tiny.ts"

const folder = mkdtempSync(join(tmpdir(), "regimen-log-file-"))
afterAll(() => rmSync(folder, { recursive: true }))
let files = 0
const fresh = () => join(folder, `${files++}.jsonl`)

const shape = {
  epochs: 2,
  batchSize: 3,
  accumulation: 1,
  log: 2,
  evaluate: 3,
  save: 3,
  keep: 0,
  sets: ["eval_a", "eval_b"],
  atEpochs: true,
  cuts: [],
  background: false
}

/** The file without the configurations, of which there is one an attempt, and without what depends on the clock and the attempt. */
const linesOf = (path: string) =>
  Effect.map(Loggers.read(path), (entries) =>
    entries
      .filter((entry) => entry._tag !== "Config")
      .map((entry) => ({ ...entry, attempt: 1, ...(entry._tag === "Scalars" ? { clock: {} } : {}) }))
  )

const services = (path: string, store = Tiny.store()) =>
  Layer.mergeAll(Tiny.optimizer, store.layer, Layer.provide(Loggers.jsonl(path), NodeServices.layer))

for (const evaluateOnStart of [false, true])
  it.effect(
    `interrupted at any event and resumed${evaluateOnStart ? ", with an evaluation on start" : ""}`,
    () =>
      Effect.gen(function* () {
        const task = yield* Tiny.task({ sets: shape.sets, batchSize: shape.batchSize })
        const plan = { ...planOf({ ...shape, epochs: evaluateOnStart ? 1 : 2 }, task.train.batchesPerEpoch), evaluateOnStart }
        const whole = fresh()
        const events = yield* Stream.runCollect(Trainer.events(task, plan)).pipe(Effect.provide(services(whole)))
        const expected = yield* linesOf(whole)
        for (let cut = 1; cut <= events.length; cut++) {
          const path = fresh()
          yield* Effect.gen(function* () {
            yield* Stream.runDrain(Stream.take(Trainer.events(task, plan), cut))
            yield* Trainer.train(task, plan)
          }).pipe(Effect.provide(services(path)))
          expect(yield* linesOf(path), `interrupted at ${events[cut - 1]?._tag}, number ${cut}`).toEqual(expected)
        }
      }).pipe(Effect.provide(Layer.merge(Cpu.layer, NodeServices.layer))),
    60_000
  )

it.effect("resumed by another process from an older checkpoint, and interrupted again", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task({ sets: shape.sets, batchSize: shape.batchSize })
    const plan = planOf(shape, task.train.batchesPerEpoch)
    const [whole, path] = [fresh(), fresh()]
    yield* Trainer.train(task, plan).pipe(Effect.provide(services(whole)))
    const store = Tiny.store()
    const process = <A, E>(effect: Effect.Effect<A, E, Services>) =>
      Effect.provide(effect, services(path, store), { local: true })
    yield* process(Trainer.train(task, plan))
    yield* process(Stream.runDrain(Stream.take(Trainer.events(task, plan, { from: 3 }), 12)))
    yield* process(Trainer.train(task, plan))
    expect(yield* linesOf(path)).toEqual(yield* linesOf(whole))
  }).pipe(Effect.provide(Layer.merge(Cpu.layer, NodeServices.layer)))
)

it.effect("a second training from scratch keeps the log of the first, and its resume truncates its own", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task({ sets: shape.sets, batchSize: shape.batchSize })
    const plan = planOf(shape, task.train.batchesPerEpoch)
    const path = fresh()
    yield* Effect.gen(function* () {
      yield* Trainer.train(task, plan)
      const first = yield* linesOf(path)
      const isSecondSet = (event: Plan.Event) => event._tag === "Evaluate" && event.set === "eval_b" && event.state.step > 3
      yield* Stream.runDrain(Stream.takeUntil(Trainer.events(task, plan, { from: "scratch" }), isSecondSet))
      const { state } = yield* Trainer.train(task, plan, { from: 4 })
      expect([state.step, yield* linesOf(path)]).toEqual([8, [...first, ...first]])
    }).pipe(Effect.provide(services(path)))
  }).pipe(Effect.provide(Layer.merge(Cpu.layer, NodeServices.layer)))
)
