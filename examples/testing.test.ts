/** A schedule, a trigger, a checkpoint store and a logger of your own, tested with the suites that test Regimen's. */
import { Context, Effect, Layer } from "effect"
import { CheckpointStore, Logger, type Schedule, Trigger } from "regimen"
import { Contract, Laws } from "regimen/testing"
import { describe, it } from "vitest"

/** A triangle: up to the peak at half of the run, and down again. */
const triangle =
  (peak: number): Schedule.Schedule.Input<number> =>
  ({ step }, { maxSteps }) =>
    peak * (1 - Math.abs((2 * Math.min(step, maxSteps)) / maxSteps - 1))

/** Saves at 1, 2, 4, 8, ... updates. */
const powersOfTwo = Trigger.make((before, after) => Math.floor(Math.log2(after.step)) > Math.floor(Math.log2(before.step)))

/** Keeps a second copy of every checkpoint, and loads that where the first cannot be read. */
const mirrored = Layer.effect(
  CheckpointStore.CheckpointStore,
  Effect.gen(function* () {
    const open = Effect.map(Layer.build(Layer.fresh(CheckpointStore.memory)), Context.get(CheckpointStore.CheckpointStore))
    const [first, second] = [yield* open, yield* open]
    return {
      ...first,
      save: (checkpoint) => Effect.andThen(second.save(checkpoint), first.save(checkpoint)),
      load: (step) => Effect.catch(first.load(step), () => second.load(step)),
      remove: (step) => Effect.andThen(first.remove(step), second.remove(step))
    }
  })
)

const lines: Array<string> = []
const csv = Layer.succeed(Logger.Logger, {
  log: (entry) => Effect.sync(() => void (entry._tag === "Scalars" && lines.push(`${entry.step},${entry.values.loss ?? ""}`))),
  flush: Effect.void
})

it("triangle is a learning rate", () => Laws.learningRate(triangle(0.1)))
it("powersOfTwo is a trigger", () => Laws.trigger(powersOfTwo))
describe("mirrored", () => Contract.checkpointStore(mirrored).forEach(({ name, run }) => void it(name, run)))
describe("csv", () => Contract.logger(csv).forEach(({ name, run }) => void it(name, run)))
