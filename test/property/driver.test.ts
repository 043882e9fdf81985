/** The driver does what the simulation says: batches read, evaluations run, checkpoints written and removed, as seen from outside. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Result } from "effect"
import fc from "fast-check"
import * as Trainer from "../../src/HuggingFaceTrainer/Trainer.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import type { Entry } from "../../src/Layer/Logger/Logger.ts"
import * as Plan from "../../src/Schedule/Plan.ts"
import { tf } from "../../src/Tensor/Tensor.ts"
import { planOf, shapes } from "../support/plans.ts"
import * as Tiny from "../support/tiny.ts"

/** What the simulated events would look like from outside. */
const expected = (events: ReadonlyArray<Plan.Event>, evalBatches: number) => {
  const batches: Array<string> = []
  const files: Array<string> = []
  const logs: Array<string> = []
  let onDisk: ReadonlyArray<number> = []
  for (const event of events) {
    const { state } = event
    if (event._tag === "Microbatch") batches.push(`train:${state.position.epoch}.${state.position.batch}`)
    if (event._tag === "Evaluate") for (let i = 0; i <= evalBatches; i++) batches.push(`${event.set}:0.${i}`)
    if (event._tag === "Logged") logs.push(`train ${state.step}`)
    if (event._tag === "EvaluationLogged") logs.push(`${event.set} ${state.step}`)
    if (event._tag === "Saved") files.push(`save ${state.step}`)
    if (event._tag === "Saved" || event._tag === "Finished") {
      const before = event._tag === "Saved" ? [...onDisk.filter((step) => step !== state.step), state.step] : onDisk
      for (const step of before.filter((step) => !state.checkpoints.includes(step))) files.push(`remove ${step}`)
      onDisk = state.checkpoints
    }
  }
  return { batches, files, logs }
}

it.effect(
  "the driver's effects are those of the simulation",
  () =>
    Effect.gen(function* () {
      for (const shape of fc.sample(shapes, { numRuns: 200, seed: 5 })) {
        const asked: Tiny.Asked = { batches: [] }
        const task = yield* Tiny.task({ ...shape, asked })
        const plan = planOf(shape, task.train.batchesPerEpoch)
        const store = Tiny.store()
        const entries: Array<Entry> = []
        const tensors: Array<number> = []
        const observe: Trainer.Options["observe"] = {
          StepEnded: () => {
            tensors.push(tf.memory().numTensors)
            return Effect.succeed([])
          }
        }
        const { history, state } = yield* Trainer.train(task, plan, { observe }).pipe(
          Effect.provide(Layer.mergeAll(Tiny.optimizer, store.layer, Tiny.logger(entries)))
        )
        // the simulation is given the metrics of the evaluations, and nothing else
        const found = history.filter((entry) => entry.kind === "eval")
        let next = 0
        const simulated = Result.getOrThrow(
          Plan.simulate(plan, {
            metrics: () => found[next++]?.values ?? {},
            consumed: () => ({ samples: 0, tokens: 0 })
          })
        )
        const want = expected(simulated.events, 3)
        const context = JSON.stringify(shape)
        const dryRun = 1 + shape.sets.length
        expect(asked.batches.slice(dryRun), context).toEqual(want.batches)
        expect(store.done, context).toEqual(want.files)
        const logged = entries.flatMap((entry) =>
          entry._tag === "Scalars" && entry.kind !== "summary" ? [`${entry.set ?? "train"} ${entry.step}`] : []
        )
        expect(logged, context).toEqual(want.logs)
        expect(state.checkpoints).toEqual(simulated.state.checkpoints)
        expect(new Set(tensors).size, "numTensors is constant from step to step").toBeLessThanOrEqual(1)
      }
    }).pipe(Effect.provide(Cpu.layer)),
  60_000
)
