import { expect, test } from "vitest"
import { EvalPrediction } from "../../../src/metrics.ts"
import { HostTensor } from "../../../src/nn.ts"

const logits = HostTensor.fromArray([[1, 2]])
const hidden = HostTensor.fromArray([[3]])

test("takes a single tensor, or the one of a name", () => {
  expect(EvalPrediction.take(logits)).toBe(logits)
  expect(EvalPrediction.take(logits, "whatever")).toBe(logits)
  expect(EvalPrediction.take({ logits, hidden }, "hidden")).toBe(hidden)
})

test("names the outputs that exist, and refuses batches that are not concatenated", () => {
  expect(() => EvalPrediction.take({ logits, hidden })).toThrow(/logits, hidden/)
  expect(() => EvalPrediction.take({ logits, hidden }, "pooled")).toThrow(/"pooled".*logits, hidden/)
  expect(() => EvalPrediction.take([logits, logits])).toThrow(/EvalPrediction.batches/)
})

test("lists batches, of a concatenated set one", () => {
  expect(EvalPrediction.batches([logits, hidden])).toEqual([logits, hidden])
  expect(EvalPrediction.batches({ logits, hidden })).toEqual([{ logits, hidden }])
})

test("an output named dtype is not taken for a tensor", () => {
  expect(EvalPrediction.take({ dtype: logits, hidden }, "dtype")).toBe(logits)
})

test("refuses to take a tensor without predictions", () => {
  expect(() => EvalPrediction.take(undefined)).toThrow(/which have nothing/)
})

test("argmax equals numpy's: over the last axis, the first of equals, NaN the largest", () => {
  const scores = HostTensor.fromArray([
    [
      [1, 3, 3],
      [-1, -2, -3]
    ],
    [
      [0, NaN, 9],
      [NaN, NaN, 1]
    ]
  ])
  expect(EvalPrediction.argmax(scores)).toEqual(
    HostTensor.fromArray(
      [
        [1, 0],
        [1, 0]
      ],
      "int32"
    )
  )
  expect(EvalPrediction.argmax({ hidden, scores }, "scores").shape).toEqual([2, 2])
  expect(() => EvalPrediction.argmax(HostTensor.scalar(1))).toThrow(/shape is \[\]/)
  expect(() => EvalPrediction.argmax(HostTensor.zeros([2, 0]))).toThrow(/shape is \[2,0\]/)
})

test("agreement is the fraction of labels that are predicted, without -100", () => {
  const ids = (...values: ReadonlyArray<number>) => HostTensor.fromArray(values, "int32")
  expect(EvalPrediction.agreement(ids(1, 0, 2, -100), ids(1, 1, 2, -100))).toBe(2 / 3)
  expect(EvalPrediction.agreement(ids(1), ids(-100))).toBeNaN()
  expect(() => EvalPrediction.agreement(logits, ids(1, 2))).toThrow(/\[1,2\].*\[2\]/)
  expect(() => EvalPrediction.agreement(logits, undefined)).toThrow(/which have nothing/)
})
