import { expect, test } from "vitest"
import { EvalPrediction, HostTensor } from "../../../src/index.ts"

const logits = HostTensor.fromArray([[1, 2]])
const hidden = HostTensor.fromArray([[3]])

test("takes the tensor that is alone, or the one of a name", () => {
  expect(EvalPrediction.take(logits)).toBe(logits)
  expect(EvalPrediction.take(logits, "whatever")).toBe(logits)
  expect(EvalPrediction.take({ logits, hidden }, "hidden")).toBe(hidden)
})

test("says what is there, and what to do with batches that are apart", () => {
  expect(() => EvalPrediction.take({ logits, hidden })).toThrow(/logits, hidden/)
  expect(() => EvalPrediction.take({ logits, hidden }, "pooled")).toThrow(/"pooled".*logits, hidden/)
  expect(() => EvalPrediction.take([logits, logits])).toThrow(/EvalPrediction.batches/)
})

test("batches are those that are apart, or one", () => {
  expect(EvalPrediction.batches([logits, hidden])).toEqual([logits, hidden])
  expect(EvalPrediction.batches({ logits, hidden })).toEqual([{ logits, hidden }])
})

test("an output called dtype is no tensor's dtype", () => {
  expect(EvalPrediction.take({ dtype: logits, hidden }, "dtype")).toBe(logits)
})
