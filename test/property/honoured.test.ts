/** Parsing is no proof: for each argument that a run honours, two values that make it do something else, seen from outside. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer, Logger } from "effect"
import * as Seq2SeqArguments from "../../src/Arguments/Seq2SeqArguments.ts"
import * as Dataset from "../../src/Data/Dataset.ts"
import type { Entry } from "../../src/Layer/Logger/Logger.ts"
import type { Model } from "../../src/Model/Model.ts"
import * as Program from "../../src/Program/Program.ts"
import { type Tensor, tf } from "../../src/Tensor/Tensor.ts"
import * as Inert from "../support/honoured/inert.ts"
import { cases } from "../support/honoured/training.ts"
import { small } from "../support/smallDevice.ts"
import * as Tiny from "../support/tiny.ts"

type Input = Seq2SeqArguments.Input

/** Rows of two classes, with more columns than the model takes. */
const rows = (count: number) => Tiny.rows(count).map(({ x }, i) => ({ x, label: i % 2, length: (3 * i) % 5, size: (2 * i) % 7 }))

/** The tiny model, whose input counts as embedded, and whose output as the logit of one of two classes. */
const model: Model = {
  ...Tiny.model,
  apply: (parameters, { x, ...batch }, context) => {
    const { loss, outputs } = Tiny.model.apply(parameters, { ...batch, x: context.perturb?.(x!) ?? x! }, context)
    const logits = outputs.logits as Tensor
    return { ...(loss === undefined ? {} : { loss }), outputs: { logits: tf.concat([tf.zerosLike(logits), logits], 1) } }
  }
}

/** Collects the warnings of a run. */
const collecting = (warnings: Array<unknown>) => Logger.layer([Logger.make(({ message }) => warnings.push(message))])

/** What is seen of a run: the rows of its batches in order, what it says and logs, what it saves and removes, and its weights. */
const seen = Effect.fnUntraced(function* (args: Input) {
  const batches: Array<string> = []
  const entries: Array<Entry> = []
  const warnings: Array<unknown> = []
  const store = Tiny.store()
  const program = Program.make({
    model: { ...model, inputs: ["x"], labels: ["labels"], mainInput: "x" },
    dataCollator: (rows, ...more) => {
      batches.push(JSON.stringify(rows))
      return Tiny.collate(rows, ...more)
    },
    trainDataset: Dataset.fromArray(rows(7)),
    evalDataset: Dataset.fromArray(rows(5))
  })
  const usual = {
    maxSteps: 6,
    perDeviceTrainBatchSize: 2,
    learningRate: 0.05,
    loggingSteps: 2,
    saveSteps: 3,
    logLevel: "error"
  } as const
  const checked = yield* Effect.fromResult(Seq2SeqArguments.make({ ...usual, ...args }))
  const layers = Layer.mergeAll(small(6), store.layer, Tiny.logger(entries), collecting(warnings))
  const trained = Effect.scoped(Effect.flatMap(program.prepare(checked), Program.train)).pipe(
    Effect.provide(layers, { local: true })
  )
  const outcome = yield* Effect.catchTag(trained, ["DeviceError", "NonFiniteTensor"], ({ message }) => Effect.succeed(message))
  if (typeof outcome === "string") return outcome
  const { state, weights } = outcome
  const logs = entries.flatMap((entry) =>
    entry._tag === "Scalars" && entry.kind !== "summary" ? [[entry.step, entry.epoch, entry.values]] : []
  )
  const measured = entries.flatMap((entry) => (entry._tag === "Scalars" ? Object.keys(entry.clock) : []))
  return JSON.stringify({
    batches,
    warnings,
    logs,
    measured,
    done: store.done,
    alone: [...store.kept.values()].map(({ modelOnly }) => modelOnly),
    best: state.bestCheckpoint,
    weights
  })
})

/** Warns, evaluates with all that it has, and reads with workers. */
const warned: Input = {
  autoFindBatchSize: true,
  perDeviceTrainBatchSize: 7,
  logLevel: "warning",
  evalStrategy: "steps",
  evalSteps: 3,
  dataloaderNumWorkers: 1
}

it.live.each(cases)("%s", ([, one, other, both = {}]) =>
  Effect.gen(function* () {
    const first = yield* seen({ ...both, ...one })
    expect(yield* seen({ ...both, ...one })).toBe(first)
    expect(yield* seen({ ...both, ...other })).not.toBe(first)
  })
)

it.live("what changes nothing changes nothing", () =>
  Effect.gen(function* () {
    const plain = yield* seen(warned)
    for (const [name, input] of Inert.cases) expect(yield* seen({ ...warned, ...input }), name).toBe(plain)
  })
)
