/** The driver validates every batch with the model's `validate`. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Collator, Dataset } from "../../../src/data.ts"
import { CheckpointStore, Device, Logger, Program } from "../../../src/index.ts"
import * as TestModels from "../../support/transformers.ts"

const row = (token: number, label: number, length = 4) => ({ input_ids: Array<number>(length).fill(token), labels: label })
const good = Array.from({ length: 6 }, (_, i) => row(2 + i, i % 3))
const services = () => Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.memory)
const failure = (train: ReadonlyArray<unknown>, evaluated: ReadonlyArray<unknown> = good) =>
  Program.run(
    Program.make({
      args: { maxSteps: 6, perDeviceTrainBatchSize: 1, learningRate: 0.05, loggingSteps: 2, evalStrategy: "steps", evalSteps: 6 },
      model: TestModels.make("bert SequenceClassification"),
      dataCollator: Collator.stack(),
      trainDataset: Dataset.fromArray(train),
      evalDataset: Dataset.fromArray(evaluated)
    })
  ).pipe(Effect.flip, Effect.provide(services(), { local: true }))

const cases: ReadonlyArray<readonly [what: string, bad: unknown, column: string, reason: RegExp]> = [
  ["a label beyond the classes", row(3, 3), "labels", /label 3.*0 to 2/],
  ["a token beyond the vocabulary", row(19, 0), "input_ids", /token 19.*0 to 18/],
  ["a negative token", row(-1, 0), "input_ids", /token -1/],
  ["a sequence beyond the positions", row(3, 0, 17), "input_ids", /17 tokens.*16 positions/]
]
for (const [what, bad, column, reason] of cases) {
  it.effect(`reports ${what} with its row, in the first and in later batches`, () =>
    Effect.gen(function* () {
      for (const at of [0, 4]) {
        const error = yield* failure(good.with(at, bad as (typeof good)[number]))
        expect(error._tag).toBe("DataError")
        expect(error).toMatchObject({ row: at, column, reason: expect.stringMatching(reason) })
      }
      expect(yield* failure(good, good.with(2, bad as (typeof good)[number]))).toMatchObject({ _tag: "DataError", column })
    })
  )
}
