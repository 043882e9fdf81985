/** Counts of batches: rows, labels, tokens of the main input with and without padding, floating-point operations. */
import { expect, it } from "vitest"
import * as BatchTotals from "../../../src/Driver/BatchTotals.ts"

const int = (...data: ReadonlyArray<number>) => ({ dtype: "int32" as const, shape: [data.length], data: Int32Array.from(data) })
const batch = (tensors: Record<string, ReturnType<typeof int>>, rows: number, tokens?: number) => ({
  rows,
  tensors,
  ...(tokens === undefined ? {} : { tokens })
})
const ids = batch({ input_ids: int(5, 0, 7, 0, 9) }, 2, 3)
const masked = batch({ input_ids: int(5, 0, 7, 0), attention_mask: int(1, 1, 1, 0) }, 1)

it.each([
  ["all elements", "all", [ids, masked], 9],
  ["those that the mask marks", "non_padding", [masked], 3],
  ["those that are not the padding token, without a mask", "non_padding", [ids], 3],
  ["the sum over the batches", "non_padding", [ids, masked, ids], 9],
  ["none where they are not requested", undefined, [ids, masked], 0],
  ["none in a batch without the main input", "all", [batch({ x: int(1, 2) }, 1)], 0],
  ["none in a batch without the main input and without a mask", "non_padding", [batch({ x: int(1, 2) }, 1)], 0],
  ["none without batches", "all", [], 0]
] as const)("counts %s as input tokens", (_, tokens, batches, expected) => {
  expect(BatchTotals.measure({ padTokenId: 0 }, batches, tokens).inputTokens).toBe(expected)
})

it("counts the rows, the tokens (rows without them), and the operations of the model, if it gives them", () => {
  expect(BatchTotals.measure({}, [ids, masked])).toEqual({ samples: 3, tokens: 4, inputTokens: 0, flos: 0 })
  const model = { mainInput: "attention_mask", floatingPointOps: (tensors: object) => 10 * Object.keys(tensors).length }
  expect(BatchTotals.measure(model, [ids, masked], "all")).toEqual({ samples: 3, tokens: 4, inputTokens: 4, flos: 30 })
  expect([BatchTotals.mainInput({}), BatchTotals.mainInput(model)]).toEqual(["input_ids", "attention_mask"])
})
