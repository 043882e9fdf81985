/** The checks before anything runs, and the error of a report that fails. */

import { NodeServices } from "@effect/platform-node"
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import * as Phases from "../../../src/cli/Phases.ts"
import { Dataset } from "../../../src/data.ts"
import { Device, Program } from "../../../src/index.ts"
import { Key } from "../../../src/nn.ts"
import * as Tiny from "../../support/tiny.ts"

const given = {
  model: Tiny.model,
  dataCollator: Tiny.collate,
  trainDataset: Dataset.fromArray(Tiny.rows(4)),
  evalDataset: Dataset.fromArray(Tiny.rows(3)),
  testDataset: Dataset.fromArray(Tiny.rows(3))
}
const report: Program.PredictionWriter = () => ({ files: {}, metrics: {} })
const none = { train: true, evaluate: false, predict: false }

it.effect("a report needs the predictions, so prediction_loss_only is refused beside it where it is asked for", () =>
  Effect.gen(function* () {
    const lossOnly = { predictionLossOnly: true }
    const check = Effect.fnUntraced(function* (program: Program.Program, phases: Partial<Phases.Phases>, args = lossOnly) {
      const prepared = yield* Program.prepare(program, args)
      return yield* Effect.fromResult(Phases.check({ ...none, ...phases }, prepared, yield* prepared.test))
    })
    const reporting = Program.make({ ...given, report })
    for (const phases of [{ predict: true }, { evaluate: true }]) {
      const error = yield* Effect.flip(check(reporting, phases))
      expect([error._tag, error.message]).toEqual([
        "ContradictoryArguments",
        expect.stringContaining("prediction_loss_only is set")
      ])
      yield* check(Program.make(given), phases)
      yield* check(reporting, phases, { predictionLossOnly: false })
    }
    yield* check(reporting, {})
  }).pipe(Effect.scoped)
)

it.effect("what a report throws is its failure", () =>
  Effect.gen(function* () {
    const throwing = () => {
      throw new Error("no such label")
    }
    const prepared = yield* Program.prepare(Program.make({ ...given, report: throwing }), {})
    const weights = { parameters: given.model.init(Key.make(0)), buffers: {}, slots: {} }
    const error = yield* Effect.flip(Phases.predictions(prepared, weights, (yield* prepared.test)!))
    expect([error._tag, error.message]).toEqual(["FunctionFailed", "report failed: no such label"])
  }).pipe(Effect.scoped, Effect.provide(Layer.mergeAll(Device.cpu, NodeServices.layer)))
)

it.effect("a prediction reads all rows, whatever a training drops", () =>
  Effect.gen(function* () {
    const args = { dataloaderDropLast: true, perDeviceTrainBatchSize: 2, perDeviceEvalBatchSize: 2 }
    const { task, test } = yield* Program.prepare(Program.make(given), args)
    expect([(yield* test)!.size, task.evaluation.eval!.size]).toEqual([3, 2])
  }).pipe(Effect.scoped)
)
