import { describe, expect, it } from "vitest"
import * as SquadMetrics from "../../../src/Metrics/SquadMetrics.ts"

describe("normalize", () => {
  it.each([
    ["The Cat", "cat"],
    ["a  cat, an owl; the end.", "cat owl end"],
    ["thean", "thean"],
    ["U.S.", "us"],
    ["España, the là", "españa là"],
    ["", ""]
  ])("%s", (text, wanted) => expect(SquadMetrics.normalize(text)).toBe(wanted))
})

describe("scores", () => {
  it("take the best of several references", () => {
    expect(SquadMetrics.exact("the Eiffel Tower", ["tower", "Eiffel tower!"])).toBe(1)
    expect(SquadMetrics.f1("in the green park", ["green park", "somewhere"])).toBeCloseTo(0.8)
    expect(SquadMetrics.f1("park park", ["park"])).toBeCloseTo(2 / 3)
    expect(SquadMetrics.f1("x", ["y"])).toBe(0)
  })

  it("an empty answer is correct for a question without an answer, and wrong otherwise", () => {
    expect([SquadMetrics.exact("", []), SquadMetrics.f1("", []), SquadMetrics.f1("x", []), SquadMetrics.f1("", ["x"])]).toEqual([
      1, 1, 0, 0
    ])
  })

  it("are in percent, with SQuAD 2's for each kind of question", () => {
    expect(
      SquadMetrics.score([
        ["Oslo", ["Oslo"]],
        ["in Oslo", ["Oslo"]]
      ])
    ).toEqual({ exact_match: 50, f1: (100 * (1 + 2 / 3)) / 2 })
    expect(
      SquadMetrics.scoreWithNone([
        ["Oslo", ["Oslo"]],
        ["x", []]
      ])
    ).toEqual({
      ...{ exact: 50, f1: 50, total: 2 },
      ...{ HasAns_exact: 100, HasAns_f1: 100, HasAns_total: 1 },
      ...{ NoAns_exact: 0, NoAns_f1: 0, NoAns_total: 1 }
    })
  })
})
