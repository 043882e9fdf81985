/** Validation of questions, and predictions for a part of the windows. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { NodeServices } from "@effect/platform-node"
import { Effect } from "effect"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import * as Program from "../../../src/Program/Program.ts"
import * as Tasks from "../../../src/Task/Tasks.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"
import * as Models from "../../support/taskModels.ts"

const folder = mkdtempSync(join(tmpdir(), "regimen-answers-"))
const at = (name: string) => join(folder, name)
afterAll(() => rmSync(folder, { recursive: true }))
beforeAll(() => Models.model(at("bert"), "bert"))

const questions = Models.rows.answers.slice(0, 3)

const prepared = (rows: ReadonlyArray<object>) =>
  Effect.gen(function* () {
    const file = Models.jsonl(at("rows.jsonl"), rows)
    const settings = { modelNameOrPath: at("bert"), docStride: 16 }
    const program = yield* Tasks.make({ task: "question-answering", settings, files: { train: file, validation: file } })
    return yield* Program.prepare(program, { outputDir: at("none") })
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.runPromise)

/** Predictions with equal logits for all tokens of `windows` windows. */
const predicted = (windows: number) => {
  const logits = HostTensor.fromArray(Array.from({ length: windows }, () => Array.from({ length: 40 }, () => 0)))
  return { predictions: { start_logits: logits, end_logits: logits }, labelIds: undefined }
}

describe("predictions", () => {
  it("of all windows give an answer for each question", async () => {
    const { files } = (await prepared(questions)).report!(predicted(3), "validation")
    expect(Object.keys(JSON.parse(files["eval_predictions.json"]!))).toEqual(["q0", "q1", "q2"])
  })

  it("of a part of the windows are not written", async () => {
    const { report } = await prepared(questions)
    expect(() => report!(predicted(2), "validation")).toThrow("2 of 3 windows were read, and answers need them all")
  })

  it("of a part of the windows are evaluated on the questions of these windows", async () => {
    const { task } = await prepared([{ ...questions[0]!, answers: { text: ["Ann"], answer_start: [0] } }, questions[1]!])
    const measure = (windows: number) => task.collect!.computeMetrics!(predicted(windows) as never, {} as never)
    expect([measure(1), measure(2)]).toMatchObject([{ exact_match: 100 }, { exact_match: 50 }])
  })
})

describe("a question", () => {
  it.each([
    ["null", { answers: null }],
    ["left out", { answers: undefined }]
  ])("whose answers are %s is refused", async (_, row) => {
    await expect(prepared([questions[0]!, { ...questions[1]!, ...row }])).rejects.toThrow(
      'row 1, column "answers": it has no answers'
    )
  })
})
