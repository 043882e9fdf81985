/** Validation of the rows of a text classification, and test sets without labels. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Program from "../../../src/Program/Program.ts"
import * as Tasks from "../../../src/Task/Tasks.ts"
import * as Models from "../../support/taskModels.ts"

const folder = mkdtempSync(join(tmpdir(), "regimen-classification-"))
const at = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(() => Models.model(at("bert"), "bert"))

type Rows = ReadonlyArray<object>

/** The names of the tensors of a test batch. */
const tested = (train: Rows, test: Rows, settings: object = {}) =>
  Effect.gen(function* () {
    const program = yield* Tasks.make({
      task: "text-classification",
      settings: { modelNameOrPath: at("bert"), ...settings },
      files: { train: Models.jsonl(at("train.jsonl"), train), test: Models.jsonl(at("test.jsonl"), test) }
    })
    const loader = yield* (yield* Program.prepare(program, { outputDir: at("none") })).test
    return Object.keys((yield* loader!.batch(0, 0))!.tensors)
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)

const refused = (train: Rows, settings: object = {}) =>
  tested(train, [{ text: "Ann" }], settings).then(
    () => "nothing",
    (error: Error) => error.message
  )

const good = { text: "Ann", label: "good" }

describe("labels", () => {
  it.each([
    ["left out", { text: "Bob" }, "it has no label"],
    ["null", { text: "Bob", label: null }, "it has no label"],
    ["an object", { text: "Bob", label: { is: "bad" } }, "it is no label, which is a text or a number"]
  ])("a row whose label is %s is refused", async (_, row, reason) => {
    expect(await refused([good, row])).toMatch(new RegExp(`train\\.jsonl, row 1, column "label": ${reason}\\.$`))
    expect(await refused([row, good])).toContain(`row 0, column "label": ${reason}`)
  })

  it("booleans are labels", async () => {
    const rows = [
      { text: "Ann", label: true },
      { text: "Bob", label: false }
    ]
    expect(await tested(rows, [{ text: "Eve", label: true }])).toContain("labels")
  })

  it("a test set without labels, or with -1 in all rows, is predicted without labels", async () => {
    const rows = [
      { text: "Ann", label: 0 },
      { text: "Bob", label: 1 }
    ]
    const unknown = [
      { text: "Eve", label: -1 },
      { text: "Max", label: -1 }
    ]
    expect(await tested(rows, [{ text: "Eve", label: 1 }])).toContain("labels")
    expect(await tested(rows, unknown)).not.toContain("labels")
    expect(await tested(rows, [{ text: "Eve", label: null }])).not.toContain("labels")
    await expect(tested(rows, [unknown[0]!, { text: "Max", label: 1 }])).rejects.toThrow('the label "-1" is not known')
  })
})

it("refuses three text columns", async () => {
  const settings = { textColumnNames: "text,more,last" }
  const row = { ...good, more: "b", last: "c" }
  await expect(tested([row], [row], settings)).rejects.toThrow("it must be the name of one column, or of two")
})

describe("an empty label in a .csv file", () => {
  const csv = (name: string, lines: ReadonlyArray<string>) => {
    writeFileSync(at(name), `text,label\n${lines.join("\n")}\n`)
    return at(name)
  }
  const prepared = (train: string, test: string) =>
    Effect.gen(function* () {
      const program = yield* Tasks.make({
        task: "text-classification",
        settings: { modelNameOrPath: at("bert") },
        files: { train, test }
      })
      const loader = yield* (yield* Program.prepare(program, { outputDir: at("none") })).test
      return Object.keys((yield* loader!.batch(0, 0))!.tensors)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)

  it("is an error with its row in the training data, and not a class", async () => {
    const train = csv("train.csv", ["Ann,good", "Bob,", "Eve,bad"])
    await expect(prepared(train, train)).rejects.toThrow(/train\.csv, row 1, column "label": it has no label\.$/)
  })

  it("is a missing label if all rows of the test file have it", async () => {
    const train = csv("train.csv", ["Ann,good", "Eve,bad"])
    expect(await prepared(train, csv("test.csv", ["Bob,", "Max,"]))).not.toContain("labels")
  })
})

describe("metric_name and early stopping", () => {
  const rows = [
    { text: "Ann", label: "good" },
    { text: "Bob", label: "bad" }
  ]
  const trained = (settings: object, args: object = {}, data: Rows = rows) =>
    Effect.gen(function* () {
      const file = Models.jsonl(at("metrics.jsonl"), data)
      const program = yield* Tasks.make({
        task: "text-classification",
        settings: { modelNameOrPath: at("bert"), ...settings },
        files: { train: file, validation: file }
      })
      return yield* Program.prepare(program, { outputDir: at("none"), evalStrategy: "epoch", ...args })
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)
  const names = async (settings: object, data: Rows = rows) => (await trained(settings, {}, data)).task.metrics.names

  it("computes the accuracy by default, or the metrics of metric_name", async () => {
    expect(await names({})).toEqual(["loss", "accuracy"])
    expect(await names({ metricName: "f1, precision recall matthews_correlation" })).toEqual([
      ...["loss", "f1", "precision", "recall", "matthews_correlation"]
    ])
  })

  it("averages over the labels if there are more than two, or with metric_average", async () => {
    const three = [...rows, { text: "Eve", label: "odd" }]
    expect(await names({ metricName: "f1" }, three)).toEqual(["loss", "macro_f1"])
    expect(await names({ metricName: "f1", metricAverage: "weighted" })).toEqual(["loss", "weighted_f1"])
  })

  it("refuses classification metrics for a regression", async () => {
    const numbers = [{ text: "Ann", label: 0.5 }]
    await expect(trained({ metricName: "f1" }, {}, numbers)).rejects.toThrow("metric_name")
    await expect(trained({ metricName: "f2" })).rejects.toThrow("matthews_correlation")
  })

  it("configures early stopping from the settings of the task", async () => {
    const settings = { earlyStoppingPatience: 2, earlyStoppingThreshold: 0.1 }
    const { plan } = await trained(settings, { metricForBestModel: "accuracy" })
    expect(plan.patience).toEqual({ metric: "eval_accuracy", mode: "max", patience: 2, threshold: 0.1 })
    await expect(trained({ earlyStoppingThreshold: 0.1 })).rejects.toThrow("without early_stopping_patience")
  })
})
