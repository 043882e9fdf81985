import { describe, expect, it } from "vitest"
import * as EvaluationTable from "../../../../src/Layer/Logger/EvaluationTable.ts"
import type { Scalars } from "../../../../src/Layer/Logger/Logger.ts"
import { evaluation } from "../../../../src/Testing/SampleEntries.ts"

/** The rows that evaluations give, one after the other. */
const rows = (entries: ReadonlyArray<Scalars>, columns = 80, trainLoss?: number): ReadonlyArray<string> => {
  let layout = EvaluationTable.empty
  return entries.map((entry) => {
    const [next, text] = EvaluationTable.append(layout, entry, trainLoss, columns)
    layout = next
    return text
  })
}

describe("EvaluationTable", () => {
  it("writes the titles once, also after a row that is wider", () => {
    const written = rows([evaluation(10, 0.5), evaluation(20, 1.2345e-5), evaluation(30, 0.25)])
    expect(written).toEqual([
      " step  epoch  set        loss  accuracy   time\n   10   0.10  eval     0.5000    0.5000   1.3s",
      " step  epoch  set         loss  accuracy   time\n   20   0.20  eval   1.234e-05    0.5000   1.3s",
      "   30   0.30  eval      0.2500    0.5000   1.3s"
    ])
  })

  it("writes them again when there is another metric", () => {
    const more = { ...evaluation(20, 1), values: { eval_loss: 1, eval_f1: 0.5 } }
    expect(rows([evaluation(10, 1), more, more]).map((text) => text.split("\n").length)).toEqual([2, 2, 1])
  })

  it("writes a line of its own where there is no room for the table", () => {
    expect(rows([evaluation(10, 0.5)], 40)).toEqual([
      "step     10  epoch  0.10  eval\n    loss 0.5000  accuracy 0.5000   1.3s\n      800 samples/s"
    ])
  })

  it.each([79, 99])("keeps two sets with four metrics and a loss in the table at %d columns", (columns) => {
    const names = ["loss", "accuracy", "f1", "precision", "recall"]
    const on = (step: number, set: string): Scalars => ({
      ...evaluation(step, 0.5, set),
      values: Object.fromEntries(names.map((name, i) => [`${set}_${name}`, 0.5 / (i + 1)]))
    })
    const entries = [50, 100].flatMap((step) => ["eval_validation", "eval_balanced"].map((set) => on(step, set)))
    const written = rows(entries, columns, 0.7)
    expect(written.map((text) => text.split("\n").length)).toEqual([2, 1, 1, 1])
    const [titles = ""] = written
    for (const name of ["step", "set", "train loss", ...names]) expect(titles).toContain(name)
    for (const line of written.flatMap((text) => text.split("\n"))) expect(line.length).toBeLessThanOrEqual(columns)
  })
})
