import { describe, expect, it } from "vitest"
import * as Entities from "../../../src/Metrics/Entities.ts"

const spans = (tags: string) => Entities.find(tags.split(" ")).map(({ kind, first, last }) => `${kind}:${first}-${last}`)

describe("find", () => {
  // what seqeval's get_entities gives for the same tags
  it.each([
    ["B-PER I-PER O B-LOC", ["PER:0-1", "LOC:3-3"]],
    ["I-PER I-PER O I-LOC", ["PER:0-1", "LOC:3-3"]],
    ["B-PER B-PER I-PER", ["PER:0-0", "PER:1-2"]],
    ["B-PER I-LOC I-LOC", ["PER:0-0", "LOC:1-2"]],
    ["S-PER B-LOC E-LOC O", ["PER:0-0", "LOC:1-2"]],
    ["B-X E-X I-X", ["X:0-1", "X:2-2"]],
    ["O O", []],
    ["B-PER", ["PER:0-0"]],
    ["B B I O", ["_:0-0", "_:1-2"]]
  ])("%s", (tags, wanted) => expect(spans(tags)).toEqual(wanted))

  it("finds none in an empty row", () => expect(Entities.find([])).toEqual([]))
})

describe("score", () => {
  it("counts whole entities, over all rows", () => {
    const wanted = [
      ["O", "O", "O", "B-MISC", "I-MISC", "I-MISC", "O"],
      ["B-PER", "I-PER", "O"]
    ]
    const guessed = [
      ["O", "O", "B-MISC", "I-MISC", "I-MISC", "I-MISC", "O"],
      ["B-PER", "I-PER", "O"]
    ]
    expect(Entities.score(guessed, wanted)).toEqual({ precision: 0.5, recall: 0.5, f1: 0.5, accuracy: 0.8 })
  })

  it("an entity of the wrong kind, or without one of its words, is not found", () => {
    const { precision, recall } = Entities.score([["B-LOC", "O", "O", "B-PER"]], [["B-PER", "O", "B-LOC", "I-LOC"]])
    expect([precision, recall]).toEqual([0, 0])
  })

  it("is 0 for no rows", () => expect(Entities.score([], [])).toEqual({ precision: 0, recall: 0, f1: 0, accuracy: 0 }))
})
