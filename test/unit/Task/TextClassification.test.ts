/** Which rows a classification of texts takes: those whose labels are labels, and a test's without them. */
import { mkdtempSync, rmSync } from "node:fs"
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

/** The names of what a batch of the test's rows has. */
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

  it("truth values are labels by their names", async () => {
    const rows = [
      { text: "Ann", label: true },
      { text: "Bob", label: false }
    ]
    expect(await tested(rows, [{ text: "Eve", label: true }])).toContain("labels")
  })

  it("a test that has none, or -1 in all rows, is predicted without them", async () => {
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

it("three columns of text are refused", async () => {
  const settings = { textColumnNames: "text,more,last" }
  const row = { ...good, more: "b", last: "c" }
  await expect(tested([row], [row], settings)).rejects.toThrow("it must be the name of one column, or of two")
})
