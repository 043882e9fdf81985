/** A run that ends with an error logs what was saved, unless `onInterrupt` does. */
import { expect, it } from "@effect/vitest"
import { Effect, Logger as EffectLogger, Layer } from "effect"
import * as MemoryStore from "../../../src/Checkpoint/MemoryStore.ts"
import type { Options } from "../../../src/Driver/RunOptions.ts"
import * as Cpu from "../../../src/Layer/Device/Cpu.ts"
import * as Program from "../../../src/Program/Program.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"
import * as Tiny from "../../support/tiny.ts"

/** The messages of a run whose data fail after so many rows, and its error. */
const failing = (rows: number, options: Options = {}, computeLoss?: Program.Parts<unknown>["computeLoss"]) =>
  Effect.gen(function* () {
    const messages: Array<string> = []
    const listener = EffectLogger.layer([EffectLogger.make(({ message }) => void messages.push(String(message)))])
    async function* read() {
      yield* Tiny.rows(rows)
      throw new Error("the network is down")
    }
    const program = Program.make({
      args: { maxSteps: 20, perDeviceTrainBatchSize: 1, saveSteps: 3 },
      model: Tiny.model,
      dataCollator: Tiny.collate,
      trainDataset: () => read(),
      ...(computeLoss === undefined ? {} : { computeLoss })
    })
    const layers = Layer.mergeAll(Cpu.layer, MemoryStore.layer, Tiny.logger(), listener)
    const error = yield* Effect.flip(Program.run(program, {}, options).pipe(Effect.provide(layers, { local: true })))
    return { messages, error: error.message }
  })

it.effect("names the step whose state is saved when the data fail in the middle of a run", () =>
  Effect.gen(function* () {
    expect(yield* failing(7)).toEqual({
      error: "Reading the data failed: the network is down",
      messages: ["The run ended after step 7, and its state is saved: resume to continue from there."]
    })
    expect((yield* failing(0)).messages).toEqual([])
  })
)

it.effect("leaves the message to onInterrupt if it is given", () =>
  Effect.gen(function* () {
    const saved: Array<boolean> = []
    const { messages } = yield* failing(7, { onInterrupt: ({ safe }) => Effect.sync(() => void saved.push(safe)) })
    expect([messages, saved]).toEqual([[], [true]])
  })
)

it.effect("names the last checkpoint where the state is not to be saved", () =>
  Effect.gen(function* () {
    let calls = 0
    const { error, messages } = yield* failing(20, { nonFinite: "fail" }, ({ loss }) =>
      ++calls > 8 ? { ...loss, sum: tf.mul(loss.sum, Number.NaN) } : loss
    )
    expect(error).toContain("training loss is NaN")
    expect(messages).toEqual(["The run ended after step 9. Its state was not saved; the last checkpoint is that of step 6."])
  })
)
