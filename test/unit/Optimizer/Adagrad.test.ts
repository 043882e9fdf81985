import "@tensorflow/tfjs-backend-cpu"
import { beforeAll, expect, it } from "vitest"
import * as Adagrad from "../../../src/Optimizer/Adagrad.ts"
import { tf } from "../../../src/Tensor/Tensor.ts"

beforeAll(() => tf.setBackend("cpu"))

it("adds epsilon after the square root", () => {
  tf.tidy(() => {
    const gradients = { w: tf.scalar(0.5) }
    const slots = { "sum.w": tf.scalar(0) }
    const { updates } = Adagrad.scaleByRootSumSquares({ epsilon: 0.5 }).update({ gradients, slots, parameters: {}, scalars: {} })
    expect(updates.w!.dataSync()[0]).toBeCloseTo(0.5 / (0.5 + 0.5), 6)
  })
})
