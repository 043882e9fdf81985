/** A model failure on a batch that differs from the first batch is a DataError, not a DeviceError. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Stream } from "effect"
import { Dataset } from "../../../src/data.ts"
import { CheckpointStore, Device, Logger, Program } from "../../../src/index.ts"
import { classifier as model } from "../../support/classifier.ts"

type Row = Readonly<Record<string, unknown>>
const good = Array.from({ length: 4 }, (_, i): Row => ({ x: [i, 1], labels: i % 2 }))
const wide = [4, 5].map((i): Row => ({ x: [i, 1, 2], labels: 0 }))
const unlabelled = [4, 5].map((i): Row => ({ x: [i, 1] }))
const renamed = [4, 5].map((i): Row => ({ y: [i, 1], labels: 0 }))
const services = () => Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none)

/** Fails a run that reads the rows two at a time, in order. */
const failure = (parts: { readonly train?: ReadonlyArray<Row>; readonly evaluation?: ReadonlyArray<Row> }) =>
  Effect.flip(
    Program.run(
      Program.make({
        model,
        trainDataset: () => Stream.fromIterable(parts.train ?? good),
        evalDataset: () => Stream.fromIterable(parts.evaluation ?? good),
        args: {
          perDeviceTrainBatchSize: 2,
          perDeviceEvalBatchSize: 2,
          maxSteps: 3,
          evalStrategy: "steps",
          evalSteps: 1,
          removeUnusedColumns: false
        }
      })
    ).pipe(Effect.provide(services(), { local: true }))
  )

it.effect("a training batch of another width is a DataError with row, column and both shapes", () =>
  Effect.gen(function* () {
    const error = yield* failure({ train: [...good, ...wide] })
    expect(error).toMatchObject({ _tag: "DataError", row: 4, column: "x" })
    expect(error.message).toMatch(/^row 4, column "x": has shape \[2,3\] where the first batch has \[2,2\], and the model fails/)
  })
)

it.effect("an evaluation batch of another width is a DataError with row, column and both shapes", () =>
  Effect.gen(function* () {
    const error = yield* failure({ evaluation: [...good, ...wide] })
    expect(error).toMatchObject({ _tag: "DataError", row: 4, column: "x" })
    expect(error.message).toContain("has shape [2,3] where the first batch has [2,2]")
  })
)

it.effect("a batch without the labels that the first batch has is a DataError, in training and in evaluation", () =>
  Effect.gen(function* () {
    const rows = [...good, ...unlabelled]
    for (const parts of [{ train: rows }, { evaluation: rows }]) {
      const error = yield* failure(parts)
      expect(error).toMatchObject({ _tag: "DataError", row: 4, column: "labels" })
      expect(error.message).toContain("is missing from this batch, and the first batch has it")
    }
  })
)

it.effect("a batch without an input that the first batch has is a DataError", () =>
  Effect.gen(function* () {
    const error = yield* failure({ train: [...good, ...renamed] })
    expect(error).toMatchObject({ _tag: "DataError", row: 4, column: "x" })
  })
)

it.effect("a failure on a batch that matches the first one remains a DeviceError", () =>
  Effect.gen(function* () {
    let calls = 0
    const failing: typeof model = {
      ...model,
      apply: (...given) => {
        if (++calls > 8) throw new Error("the device was lost")
        return model.apply(...given)
      }
    }
    const program = Program.make({
      model: failing,
      trainDataset: Dataset.fromArray([...good, ...good]),
      args: { perDeviceTrainBatchSize: 2, maxSteps: 20 }
    })
    const error = yield* Effect.flip(Program.run(program).pipe(Effect.provide(services(), { local: true })))
    expect(error).toMatchObject({ _tag: "DeviceError", reason: "the device was lost" })
  })
)
