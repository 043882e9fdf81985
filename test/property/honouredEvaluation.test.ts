/** For each argument of what an evaluation collects, two values that change what `computeMetrics` is given, what is logged, or what the device does. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import type * as Arguments from "../../src/Arguments/Arguments.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import type { EvalPrediction } from "../../src/Evaluation/EvalPrediction.ts"
import * as Cpu from "../../src/Layer/Device/Cpu.ts"
import { Device } from "../../src/Layer/Device/Device.ts"
import type { Entry } from "../../src/Layer/Logger/Logger.ts"
import * as AbsoluteError from "../../src/Metrics/AbsoluteError.ts"
import * as Program from "../../src/Program/Program.ts"
import { cases } from "../support/honoured/evaluation.ts"
import * as Tiny from "../support/tiny.ts"

type Input = Arguments.Input

/** The cpu device, which says what it reads and compiles. */
const watched = (device: Array<string>) =>
  Layer.effect(
    Device,
    Effect.map(Device, (cpu): Device["Service"] => ({
      ...cpu,
      read: (tensors) => {
        device.push(`read ${Object.keys(tensors)}`)
        return cpu.read(tensors)
      },
      compile: (f) => {
        device.push("compile")
        return cpu.compile(f)
      }
    }))
  ).pipe(Layer.provide(Cpu.layer))

/** What is seen of a run that is evaluated twice, in batches of two. */
const seen = Effect.fnUntraced(function* (args: Input) {
  const device: Array<string> = []
  const entries: Array<Entry> = []
  const given: Array<EvalPrediction & { readonly computeResult: boolean }> = []
  const program = Program.make({
    args: { maxSteps: 4, perDeviceTrainBatchSize: 2, perDeviceEvalBatchSize: 2, evalStrategy: "steps", evalSteps: 2, ...args },
    model: Tiny.model,
    dataCollator: Tiny.collate,
    trainDataset: Dataset.fromArray(Tiny.rows(7)),
    evalDataset: Dataset.fromArray(Tiny.rows(5)),
    metrics: [AbsoluteError.make()],
    computeMetrics: (prediction, { computeResult }) => ({ given: given.push({ ...prediction, computeResult }) })
  })
  const layers = Layer.mergeAll(watched(device), Tiny.store().layer, Tiny.logger(entries))
  yield* Program.run(program).pipe(Effect.provide(layers, { local: true }))
  const logs = entries.flatMap((entry) => (entry._tag === "Scalars" && entry.kind === "eval" ? [entry.values] : []))
  return { given: JSON.stringify(given), logs: JSON.stringify(logs), device: device.join() }
})

it.effect.each(cases)("%s", ([, one, other, changes]) =>
  Effect.gen(function* () {
    const first = yield* seen(one)
    expect(yield* seen(one)).toEqual(first)
    const second = yield* seen(other)
    const changed = (["given", "logs", "device"] as const).filter((what) => second[what] !== first[what])
    expect(changed).toEqual(changes)
  })
)

it.effect("only the loss is only the loss", () =>
  Effect.gen(function* () {
    const logged = Effect.fnUntraced(function* (args: Input) {
      const logs: ReadonlyArray<object> = JSON.parse((yield* seen(args)).logs)
      return logs.map((values) => Object.keys(values))
    })
    expect(yield* logged({})).toEqual([0, 1].map(() => ["eval_loss", "eval_mae", "eval_given"]))
    expect(yield* logged({ predictionLossOnly: true })).toEqual([0, 1].map(() => ["eval_loss"]))
  })
)
