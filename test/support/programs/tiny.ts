/**
 * A program for the tests of the command: eighteen updates in milliseconds, with dropout. The environment configures a fault: `TINY` is a defect,
 * `TINY_SIGNAL` (`train:7:SIGINT`) is a signal that it sends itself at that read of that data; at `open` before there is a run, at `end` after its last event.
 * The first read of a batch of each is the dry run's.
 */
import { Effect } from "effect"
import { Model, Program } from "regimen"
import { Dataset } from "regimen/data"
import { Accuracy } from "regimen/metrics"
import { Dense, Dropout, Loss, Parameters } from "regimen/nn"

interface Row {
  readonly x: ReadonlyArray<number>
  readonly label: number
}

const defect = process.env.TINY
const [signalSet, signalRead, signal] = (process.env.TINY_SIGNAL ?? "").split(":")
const inputs = defect === "wider" ? 4 : 3

const rowAt = (index: number): Row => {
  const x = Array.from({ length: inputs }, (_, i) => Math.sin(index * (i + 1)))
  if (index === 4 && defect === "ragged") return { x: x.slice(1), label: 0 }
  if (index === 4 && defect === "nan") return { x: x.with(1, Number.NaN), label: 0 }
  return { x, label: x[0]! > 0 ? 1 : 0 }
}

const send = Effect.sync(() => process.kill(process.pid, signal))
/** Once the signal is sent, the read waits to be interrupted. */
const struck = Effect.andThen(send, Effect.sleep("1 minute"))

const data = (set: string, size: number) => {
  let reads = 0
  return Dataset.fromRows<Row>({
    size,
    rows: (indices) =>
      Effect.gen(function* () {
        if (indices.length > 1) reads++ // a single row is read to find the columns
        if (set === signalSet && reads === Number(signalRead)) yield* struck
        return indices.map(rowAt)
      })
  })
}

const model = Model.make({
  inputs: ["x"],
  labels: ["labels"],
  init: Parameters.make({ lin: Dense.init({ inputs, outputs: 2 }) }),
  forward: (p, { x }, context) => {
    if (defect === "bug") throw new TypeError("the model's own bug")
    return { logits: Dense.apply(p, "lin", Dropout.apply(context, "in", x, 0.3)) }
  },
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})

export default Program.make({
  name: process.env.TINY_NAME ?? "tiny",
  args: {
    numTrainEpochs: 3,
    perDeviceTrainBatchSize: 2,
    perDeviceEvalBatchSize: 2,
    learningRate: 0.05,
    loggingSteps: 3,
    evalStrategy: "epoch",
    saveSteps: 4
  },
  model,
  trainDataset:
    defect === "dies"
      ? Effect.die(new RangeError("out of\nthe blue"))
      : Effect.as(signalSet === "open" ? struck : Effect.void, data("train", defect === "empty" ? 0 : 12)),
  evalDataset: data("eval", 6),
  metrics: [Accuracy.make()],
  observe: { Finished: () => Effect.as(signalSet === "end" ? send : Effect.void, []) }
})
