/** In-memory rows are validated before step 0 for all models; rows that the collator repairs are accepted. */
import { expect, it } from "@effect/vitest"
import { Effect, Layer } from "effect"
import { Collator, Dataset } from "../../../src/data.ts"
import { CheckpointStore, Device, Logger, Model, Program, tf } from "../../../src/index.ts"
import { Dense, Loss, Parameters } from "../../../src/nn.ts"
import { classifier as model } from "../../support/classifier.ts"

/** A model without declared inputs. */
const unnamed: Model.Model = { init: model.init, apply: model.apply }

type Row = Readonly<Record<string, unknown>>
const good = Array.from({ length: 12 }, (_, i): Row => ({ x: [i, 1], labels: i % 2 }))

/** Runs one epoch with two rows per step: returns the error and the number of steps. */
const attempt = Effect.fnUntraced(function* (options: {
  readonly rows: ReadonlyArray<Row>
  readonly evaluation?: ReadonlyArray<Row>
  readonly model?: Model.Model
  readonly collate?: Collator.Collator<Row>
}) {
  let steps = 0
  const { collate, evaluation, rows } = options
  const program = Program.make({
    model: options.model ?? model,
    trainDataset: Dataset.fromArray(rows),
    ...(evaluation === undefined ? {} : { evalDataset: Dataset.fromArray(evaluation) }),
    ...(collate === undefined ? {} : { dataCollator: collate }),
    args: {
      perDeviceTrainBatchSize: 2,
      perDeviceEvalBatchSize: 2,
      numTrainEpochs: 1,
      ...(evaluation === undefined ? {} : { evalStrategy: "epoch" })
    },
    observe: { StepEnded: () => Effect.sync(() => void steps++).pipe(Effect.as([])) }
  })
  const layers = Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none)
  const outcome = yield* Effect.result(Program.run(program).pipe(Effect.provide(layers, { local: true })))
  return { steps, error: outcome._tag === "Failure" ? outcome.failure : undefined }
})

const { labels: _, ...unlabelled } = good[7]!
const bad: ReadonlyArray<readonly [what: string, row: Row, column: string, reason: RegExp]> = [
  [
    "another width",
    { x: [7, 1, 2], labels: 0 },
    "x",
    /shape \[3\] where 11 of 12 rows have \[2\] \(row [01] is the first\): pad/
  ],
  ["a missing label", unlabelled, "labels", /no value/],
  ["a null label", { x: [7, 1], labels: null }, "labels", /no value/],
  ["a fractional label", { x: [7, 1], labels: 0.5 }, "labels", /holds 0.5/],
  ["a feature that is NaN", { x: [7, Number.NaN], labels: 0 }, "x", /holds NaN/],
  ["a typed array with an infinity", { x: Float32Array.of(7, Infinity), labels: 0 }, "x", /holds Infinity/],
  ["a text among numbers", { x: "seven", labels: 0 }, "x", /holds text/],
  ["a label too large for int32", { x: [7, 1], labels: 2 ** 40 }, "labels", /int32 cannot hold/]
]

it.effect.each(bad)("a row with %s is an error before step 0, with row and column", ([, row, column, reason]) =>
  Effect.gen(function* () {
    for (const at of [0, 7]) {
      const rows = good.with(at, row)
      for (const options of [{ rows }, { rows, model: unnamed }, { rows: good, evaluation: rows }]) {
        const { error, steps } = yield* attempt(options)
        expect([error, steps]).toMatchObject([{ _tag: "DataError", row: at, column }, 0])
        expect(error!.message).toMatch(reason)
      }
    }
  })
)

it.effect.each([
  ["Model.make", model],
  ["a model without declared inputs", unnamed]
] as const)("a label out of range is an error before step 0, whatever the model: %s", ([, model]) =>
  Effect.gen(function* () {
    for (const label of [2, -1]) {
      const rows = good.with(7, { x: [7, 1], labels: label })
      for (const options of [{ rows }, { rows: good, evaluation: rows }]) {
        const { error, steps } = yield* attempt({ ...options, model })
        expect([error, steps]).toMatchObject([{ _tag: "DataError", row: 7, column: "labels" }, 0])
        expect(error!.message).toBe(
          `row 7, column "labels": holds label ${label}, and the model has classes 0 to 1, or -100 for none`
        )
      }
    }
    const ignored = good.with(7, { x: [7, 1], labels: -100 })
    expect(yield* attempt({ rows: ignored, model, evaluation: ignored })).toEqual({ steps: 6, error: undefined })
  })
)

it.effect("finds a label out of range under its column's name, in sequences, and not where the collator repairs it", () =>
  Effect.gen(function* () {
    const named = good.map(({ labels, x }, i): Row => ({ x, label: i === 9 ? 5 : labels }))
    expect((yield* attempt({ rows: named })).error).toMatchObject({ _tag: "DataError", row: 9 })
    const repair = (row: Row): Row => ({ ...row, label: Math.min(1, row.label as number) })
    const collate: Collator.Collator<Row> = (rows, indices, epoch) => Collator.stack()(rows.map(repair), indices, epoch)
    expect(yield* attempt({ rows: named, collate })).toEqual({ steps: 6, error: undefined })
    const tags = Model.make({
      inputs: ["x"],
      labels: ["tags"],
      init: Parameters.make({ lin: Dense.init({ inputs: 1, outputs: 2 }) }),
      forward: (p, { x }) => ({ logits: Dense.apply(p, "lin", tf.reshape(x, [-1, 2, 1])) }),
      loss: ({ logits }, { tags }) => Loss.crossEntropy(logits, tags)
    })
    const sequences = good.map(({ x }, i): Row => ({ x, tags: Int32Array.of(0, i === 9 ? 2 : 1) }))
    const { error, steps } = yield* attempt({ rows: sequences, model: tags })
    expect([error, steps]).toMatchObject([{ _tag: "DataError", row: 9, column: "tags" }, 0])
  })
)

it.effect("reports fractional ids in a nested column", () =>
  Effect.gen(function* () {
    const rows = good.map((row, i): Row => ({ ...row, input_ids: [[i, i === 9 ? 0.5 : 1]] }))
    const { error, steps } = yield* attempt({ rows, model: unnamed })
    expect([error, steps]).toMatchObject([{ _tag: "DataError", row: 9, column: "input_ids" }, 0])
  })
)

it.effect("trains on rows that the collator repairs", () =>
  Effect.gen(function* () {
    const repair = (row: Row): Row => ({
      x: (row.x as ReadonlyArray<number>).slice(0, 2).map((value) => (Number.isNaN(value) ? 0 : value)),
      labels: row.labels ?? -100
    })
    const rows = [...good, { x: [7, Number.NaN, 2], labels: null }, { x: [7, 1, 2, 3] }]
    const collate: Collator.Collator<Row> = (rows, indices, epoch) => Collator.stack()(rows.map(repair), indices, epoch)
    expect(yield* attempt({ rows, collate })).toEqual({ steps: 7, error: undefined })
  })
)

it.effect("checks sequences of many lengths with a few collations, and reports one that is too long for the collator", () =>
  Effect.gen(function* () {
    const sequences = Array.from(
      { length: 500 },
      (_, i): Row => ({ input_ids: Array(1 + (i % 40)).fill(1), x: [i, 1], labels: 0 })
    )
    let calls = 0
    const collate = (length: number): Collator.Collator<Row> => {
      const padding = Collator.padding({ length })
      return (rows, indices, epoch) => {
        calls++
        return padding(rows, indices, epoch)
      }
    }
    const args = { perDeviceTrainBatchSize: 500, maxSteps: 1 }
    const run = (length: number) =>
      Program.run(
        Program.make({ model: unnamed, trainDataset: Dataset.fromArray(sequences), dataCollator: collate(length), args })
      ).pipe(Effect.provide(Layer.mergeAll(Device.cpu, CheckpointStore.memory, Logger.none), { local: true }))
    yield* run(40)
    expect(calls).toBeLessThan(8)
    expect(yield* Effect.flip(run(39))).toMatchObject({ _tag: "DataError", row: 39, column: "input_ids" })
  })
)
