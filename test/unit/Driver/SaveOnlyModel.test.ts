/** Checkpoints of the model alone: smaller, good for the best weights, and refused where a run would go on from them. */
import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Stream } from "effect"
import * as FileSystemStore from "../../../src/Checkpoint/FileSystemStore.ts"
import * as Trainer from "../../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Horizon from "../../../src/Schedule/Horizon.ts"
import * as Plan from "../../../src/Schedule/Plan.ts"
import * as Schedule from "../../../src/Schedule/Schedule.ts"
import * as Trigger from "../../../src/Schedule/Trigger.ts"
import * as Tiny from "../../support/tiny.ts"

const plan = Plan.make({
  horizon: Horizon.make({ epochs: 2, batchesPerEpoch: 6 }),
  learningRate: () => 0.05,
  log: Trigger.every(2),
  evaluate: Trigger.every(4),
  save: Trigger.every(4),
  sets: ["eval"]
})
const options = { saveOnlyModel: true }

const layers = (store: ReturnType<typeof Tiny.store>) => Layer.mergeAll(Cpu.layer, Tiny.optimizer, store.layer, Tiny.logger())

it.live("has no optimizer state, and no run resumes from it: as the newest, by step, or loaded", () =>
  Effect.gen(function* () {
    const store = Tiny.store()
    const task = yield* Tiny.task()
    yield* Trainer.train(task, plan, options).pipe(Effect.provide(layers(store)))
    expect([...store.kept.values()].map(({ modelOnly, weights }) => [modelOnly, weights.slots])).toEqual(
      Array.from(store.kept, () => [true, {}])
    )
    for (const from of ["newest", 4, store.kept.get(4)!] as const) {
      const error = yield* Effect.flip(Trainer.train(task, plan, { from })).pipe(Effect.provide(layers(store)))
      expect(error).toMatchObject({ _tag: "NotResumable", step: from === "newest" ? 12 : 4 })
      expect(error.message).toMatch(/save_only_model.*--overwrite_output_dir/)
    }
  })
)

it.live(
  "saves the complete state of an interrupted run, also right after a model-only checkpoint, and resumes as if uninterrupted",
  () =>
    Effect.gen(function* () {
      const task = yield* Tiny.task()
      const whole = Tiny.store()
      const reference = yield* Trainer.train(task, plan, options).pipe(Effect.provide(layers(whole)))
      for (const tag of ["Saved", "StepEnded", "Finished"] as const) {
        const store = Tiny.store()
        const cut = Stream.takeUntil(Trainer.events(task, plan, options), (event) => event._tag === tag && event.state.step > 3)
        yield* Stream.runDrain(cut).pipe(Effect.provide(layers(store)))
        const steps = [...store.kept.keys()].sort((a, b) => a - b)
        expect(store.kept.get(steps.at(-1)!)!.modelOnly).toBe(tag === "Finished" ? true : undefined)
        if (tag === "Finished") continue
        const { state, weights } = yield* Trainer.train(task, plan, options).pipe(Effect.provide(layers(store)))
        expect(weights).toEqual(reference.weights)
        expect(state.step).toBe(12)
      }
    })
)

it.live("restores the best weights at the end", () =>
  Effect.gen(function* () {
    const task = yield* Tiny.task()
    const ends = Effect.fnUntraced(function* (saveOnlyModel: boolean) {
      const store = Tiny.store()
      const best = { ...plan, best: Schedule.constant(4), restoreBest: true }
      const { weights } = yield* Trainer.train(task, best, { saveOnlyModel }).pipe(Effect.provide(layers(store)))
      expect(weights.parameters).toEqual(store.kept.get(4)!.weights.parameters)
      return weights.parameters
    })
    expect(yield* ends(true)).toEqual(yield* ends(false))
  })
)

it.live("is a folder without the optimizer's file, which a store can read", () =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const directory = yield* fs.makeTempDirectoryScoped()
    const task = yield* Tiny.task()
    const there = Layer.mergeAll(Cpu.layer, Tiny.optimizer, FileSystemStore.layer({ directory }), Tiny.logger())
    const train = (given: Trainer.Options) => Trainer.train(task, plan, given).pipe(Effect.provide(there))
    yield* train(options)
    const names = yield* fs.readDirectory(`${directory}/checkpoint-12`)
    expect(names).toContain("model.safetensors")
    expect(names).toContain("trainer_state.json")
    expect(names).not.toContain("optimizer.safetensors")
    expect((yield* Effect.flip(train({})))._tag).toBe("NotResumable")
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
)
