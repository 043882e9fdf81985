import { describe, expect, it } from "vitest"
import * as EvaluationTable from "../../../../src/Layer/Logger/EvaluationTable.ts"
import type { Scalars } from "../../../../src/Layer/Logger/Logger.ts"
import { evaluation } from "../../../../src/Testing/SampleEntries.ts"

/** The rows that evaluations give, one after the other. */
const rows = (entries: ReadonlyArray<Scalars>, columns = 80): ReadonlyArray<string> => {
  let layout = EvaluationTable.empty
  return entries.map((entry) => {
    const [next, text] = EvaluationTable.append(layout, entry, undefined, columns)
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
})
