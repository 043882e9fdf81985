import { describe, expect, it } from "vitest"
import * as Best from "../../../src/Task/QuestionAnswering/Best.ts"
import type { Window } from "../../../src/Task/QuestionAnswering/Windows.ts"
import * as HostTensor from "../../../src/Tensor/HostTensor.ts"

const question = { id: "q", question: "?", context: "one two three", answers: undefined }
const row = { input_ids: [1, 2, 3, 4], attention_mask: [1, 1, 1, 1] }
const window: Window = { index: 0, row, spans: [undefined, [0, 3], [4, 7], [8, 13]] }

const choose = (start: ReadonlyArray<number>, end: ReadonlyArray<number>, options: Partial<Best.Options> = {}) =>
  Best.choose([question], [window], {
    ...{ start: HostTensor.fromArray([start]), end: HostTensor.fromArray([end]), size: 20, longest: 30, none: undefined },
    ...options
  })[0]!

describe("Best.choose", () => {
  it("selects the text of the start and end with the highest logits, in order", () => {
    const { candidates, text } = choose([9, 1, 5, 0], [9, 0, 2, 4])
    expect(text).toBe("two three")
    expect(candidates).toHaveLength(6) // pairs in order, none of them at the token before the text
    expect(candidates.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1)
    expect(candidates[0]).toMatchObject({ start_logit: 5, end_logit: 4 })
  })

  it("limits the number of tokens and of candidates", () => {
    expect(choose([0, 5, 1, 0], [0, 0, 1, 5], { longest: 2 }).text).toBe("one two")
    expect(choose([0, 5, 1, 0], [0, 0, 1, 5], { size: 2 }).candidates).toHaveLength(2)
  })

  it("selects no answer if its score exceeds the best answer by more than the threshold", () => {
    const [start, end] = [
      [6, 1, 5, 0],
      [6, 0, 2, 4]
    ]
    expect(choose(start, end, { none: 0 })).toMatchObject({ text: "", none: 3 })
    expect(choose(start, end, { none: 4 })).toMatchObject({ text: "two three", none: 3 })
    expect(choose(start, end, { none: 4 }).candidates.map(({ text }) => text)).toContain("")
  })

  it('returns the text "empty" if no span is valid', () =>
    expect(choose([9, 0, 0, 0], [9, 0, 0, 0], { longest: 0 }).text).toBe("empty"))

  it("selects the best answer of all windows, and the lowest null score", () => {
    const windows = [window, { ...window, spans: [undefined, [4, 7], [8, 13], undefined] } satisfies Window]
    const start = HostTensor.fromArray([
      [4, 1, 0, 0],
      [1, 0, 7, 0]
    ])
    const end = HostTensor.fromArray([
      [4, 1, 0, 0],
      [1, 0, 7, 0]
    ])
    const [answer] = Best.choose([question], windows, { start, end, size: 5, longest: 5, none: 0 })
    expect(answer).toMatchObject({ text: "three", none: 2 - 14 })
  })
})

describe("Best.files", () => {
  it("contain predictions, n-best predictions, and null odds if questions may have no answer", () => {
    const sure = Best.files("eval", [question], [choose([9, 1, 5, 0], [9, 0, 2, 4], { none: 0 })])
    expect(Object.keys(sure)).toEqual(["eval_predictions.json", "eval_nbest_predictions.json", "eval_null_odds.json"])
    expect(sure["eval_predictions.json"]).toBe('{\n    "q": ""\n}\n')
    expect(Object.keys(Best.files("predict", [question], [choose([9, 1, 5, 0], [9, 0, 2, 4])]))).toHaveLength(2)
  })
})
