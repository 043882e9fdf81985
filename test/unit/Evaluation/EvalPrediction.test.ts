import { expect, test } from "vitest"
import { EvalPrediction } from "../../../src/metrics.ts"
import { HostTensor } from "../../../src/nn.ts"

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

test("nothing predicted is no tensor", () => {
  expect(() => EvalPrediction.take(undefined)).toThrow(/which have nothing/)
})

test("argmax is numpy's: over the last axis, the first of equals, a NaN before all", () => {
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

test("agreement is the part of the labels that are predicted, but for -100", () => {
  const ids = (...values: ReadonlyArray<number>) => HostTensor.fromArray(values, "int32")
  expect(EvalPrediction.agreement(ids(1, 0, 2, -100), ids(1, 1, 2, -100))).toBe(2 / 3)
  expect(EvalPrediction.agreement(ids(1), ids(-100))).toBeNaN()
  expect(() => EvalPrediction.agreement(logits, ids(1, 2))).toThrow(/\[1,2\].*\[2\]/)
  expect(() => EvalPrediction.agreement(logits, undefined)).toThrow(/which have nothing/)
})
