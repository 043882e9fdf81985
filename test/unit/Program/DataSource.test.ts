/** The forms of data that a run takes: iterables, async iterables and functions that open them. */
import { Readable } from "node:stream"
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { CheckpointStore, Device, Logger, Model } from "../../../src/index.ts"
import { Dense, Loss, Parameters } from "../../../src/nn.ts"
import { Trainer } from "../../../src/promise.ts"

const model = Model.make({
  inputs: ["x"],
  labels: ["labels"],
  init: Parameters.make({ lin: Dense.init({ inputs: 1, outputs: 2 }) }),
  forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", x) }),
  loss: ({ logits }, { labels }) => Loss.crossEntropy(logits, labels)
})
const rows = Array.from({ length: 6 }, (_, i) => ({ x: [i], labels: i % 2 }))
type Row = (typeof rows)[number]
function* generator() {
  yield* rows
}
async function* asyncGenerator() {
  yield* rows
}
type Data = NonNullable<Trainer.Options<Row>["trainDataset"]>

/** Trains two epochs of three steps, evaluates twice, and gives the steps and the losses. */
const outcome = async (trainDataset: Data, evalDataset: Data = rows) => {
  const trainer = await Trainer.make<Row>({
    model,
    args: { perDeviceTrainBatchSize: 2, perDeviceEvalBatchSize: 2, maxSteps: 6, saveStrategy: "no" },
    trainDataset,
    evalDataset,
    layers: Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none)
  })
  try {
    const { globalStep } = await trainer.train()
    const losses = [await trainer.evaluate(), await trainer.evaluate()].map((metrics) => metrics.eval_loss)
    return { globalStep, losses, again: (await trainer.train()).globalStep }
  } finally {
    await trainer.close()
  }
}

const accepted: ReadonlyArray<readonly [what: string, train: Data, evaluation: Data]> = [
  ["a set", new Set(rows), new Set(rows)],
  ["a generator function", generator, generator],
  ["a generator object", generator() as Data, generator() as Data],
  ["an async generator function", asyncGenerator, asyncGenerator],
  ["an async iterable", { [Symbol.asyncIterator]: asyncGenerator }, { [Symbol.asyncIterator]: asyncGenerator }],
  ["a function that returns an array", () => rows, () => rows]
]

it.each(accepted)("trains and evaluates on %s, again and again", async (_, train, evaluation) => {
  const { again, globalStep, losses } = await outcome(train, evaluation)
  expect([globalStep, again]).toEqual([6, 6])
  expect(losses[0]).toBe(losses[1])
})

it.each([
  ["an async generator object", asyncGenerator(), /can be read only once.*trainDataset: \(\) => rows\(\)/],
  ["a stream of Node.js", Readable.from(rows), /can be read only once/],
  ["a number", 3, /Expected a dataset.*an array or another iterable/],
  ["a function that gives a number", () => 3, /returned number. Expected a dataset/],
  [
    "a generator that throws",
    function* () {
      yield rows[0]
      throw new Error("the file is gone")
    },
    /Reading the data failed: the file is gone/
  ]
])("refuses %s with a typed error that says what to give", async (_, data, message) => {
  const error = await outcome(data as unknown as Data).catch((cause) => cause)
  expect(error._tag).toBe("DataError")
  expect(error.message).toMatch(message)
})

it.effect("refuses evaluation data smaller than a batch with dataloader_drop_last before step 0", () =>
  Effect.promise(async () => {
    let steps = 0
    const counted: typeof model.apply = (...given) => {
      steps++
      return model.apply(...given)
    }
    const trainer = await Trainer.make<Row>({
      model: { ...model, apply: counted },
      args: { maxSteps: 2, perDeviceTrainBatchSize: 2, evalStrategy: "steps", evalSteps: 1, dataloaderDropLast: true },
      trainDataset: rows,
      evalDataset: { near: rows },
      layers: Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none)
    })
    const error = await trainer.train().catch((cause) => cause)
    await trainer.close()
    expect([error._tag, steps]).toEqual(["ContradictoryArguments", 0])
    expect(error.message).toMatch(/"eval_near" has 6 rows, fewer than one evaluation batch of 8, and dataloader_drop_last/)
  })
)
